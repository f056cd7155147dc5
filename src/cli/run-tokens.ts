import { TokenApp } from '../composition/token-app.ts';
import type { ServeSettings } from '../config/serve-settings.ts';
import { systemClock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import { handleSignals } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/log.ts';
import type { ExitName } from './exit-codes.ts';
import type { CliIo } from './io.ts';

/** Runs the token service until a signal ends the process; returns only when it cannot start. */
export async function serveTokens(settings: ServeSettings, io: CliIo): Promise<ExitName> {
  const log = createLogger(settings.logLevel);
  const app = new TokenApp(settings, { log, clock: systemClock, environment: io.environment });
  handleSignals({
    signals: process,
    clock: systemClock,
    actions: {
      stop: signal => {
        log.info({ event: 'process.stopping', signal }, 'draining');
        return app.drain();
      },
      // The file is followed anyway.
      rescan: () => undefined,
      exit: (code, reason) => {
        log.info({ event: 'process.exit', code, reason }, 'the process ends');
        process.exit(code);
      },
      fatal: thrown => log.fatal({ event: 'process.fatal', err: thrown }, messageOf(thrown)),
    },
  });
  const { tokens, admin } = await app.start();
  io.stdout(`authplane tokens ready tokens=${tokens} admin=${admin}\n`);
  // From here on only a signal ends the process.
  return await new Promise<ExitName>(() => undefined);
}
