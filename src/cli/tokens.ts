import { SERVE_SETTINGS } from '../config/serve-settings.ts';
import type { Setting } from '../config/setting.ts';
import { AuthplaneError } from '../platform/errors.ts';
import { examples, type CommandContext } from './command.ts';
import { addSettingOptions, readSettings } from './read-settings.ts';

/** Sections whose settings have a meaning without proxies. */
const SECTIONS: readonly Setting['section'][] = ['Token service', 'Admin server'];

/** `authplane tokens`: the token service alone. */
export function registerTokens({ program, io, run }: CommandContext): void {
  const { stateDirectory, drainDelayMs, logLevel, ...others } = SERVE_SETTINGS;
  const settings = [
    stateDirectory,
    ...Object.values<Setting>(others).filter(({ section }) => SECTIONS.includes(section)),
    ...[drainDelayMs, logLevel],
  ];
  const command = program
    .command('tokens')
    .description('run the token service as a process of its own')
    .addHelpText(
      'after',
      '\nFor more requests for tokens than one process answers: give each its own --state-dir and all of them, and the serve that\n' +
        'has the proxies, the same --database-url, --token-config and key-encryption key.\n' +
        'When it is ready it prints one line: authplane tokens ready tokens=HOST:PORT admin=HOST:PORT\n' +
        examples(
          'authplane tokens --token-config tokens.yaml --kek-file kek --token-address 0.0.0.0:18100 --token-tls-cert tls.pem --token-tls-key tls.key',
        ),
    );
  addSettingOptions(command, settings).action(
    run(async () => {
      const values = await readSettings(command, io);
      if (values.tokenConfig === undefined) throw new AuthplaneError('USAGE', '--token-config is needed');
      const { serveTokens } = await import('./run-tokens.ts');
      return serveTokens(values, io);
    }),
  );
}
