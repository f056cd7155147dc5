import { InvalidArgumentError, Option } from 'commander';
import { SERVE_SETTINGS } from '../config/serve-settings.ts';

/** `--auth-slots`, for commands that compile snapshots as a server with that setting would. */
export function authSlotsOption(): Option {
  const { authSlots } = SERVE_SETTINGS;
  return new Option('--auth-slots <number>', 'slots for auth chains, as the server has')
    .argParser(text => {
      if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 to 9999.');
      return Number(text);
    })
    .default(Number(authSlots.default), authSlots.default);
}
