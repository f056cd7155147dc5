import { setLogger } from '@grpc/grpc-js';
import { App } from '../app.ts';
import type { ServeSettings } from '../config/serve-settings.ts';
import { systemClock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import { handleSignals } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/log.ts';
import type { ExitName } from './exit-codes.ts';
import type { CliIo } from './io.ts';

/** Runs the server until a signal ends the process; returns only when it cannot start. */
export async function serve(settings: ServeSettings, io: CliIo): Promise<ExitName> {
  const log = createLogger(settings.logLevel);
  // grpc-js writes plain lines to stderr otherwise, between our JSON.
  const grpcLog = log.child({ component: 'grpc' });
  setLogger({
    error: message => grpcLog.warn({ event: 'grpc.error' }, String(message)),
    info: message => grpcLog.debug({ event: 'grpc.info' }, String(message)),
    debug: message => grpcLog.trace({ event: 'grpc.debug' }, String(message)),
  });
  const app = new App(settings, {
    log,
    clock: systemClock,
    environment: io.environment,
    onReady: ({ xds, admin, tokens, groups, resources }) => {
      const tokenPart = tokens === undefined ? '' : ` tokens=${tokens}`;
      io.stdout(
        `authplane ready xds=${xds} admin=${admin} groups=${groups} resources=${resources}${tokenPart}\n`,
      );
    },
  });
  const signalHandling = handleSignals({
    signals: process,
    clock: systemClock,
    actions: {
      stop: signal => {
        log.info({ event: 'process.stopping', signal }, 'draining');
        return app.drain();
      },
      rescan: () => app.rescan(),
      exit: (code, reason) => {
        log.info({ event: 'process.exit', code, reason }, 'the process ends');
        process.exit(code);
      },
      fatal: thrown => log.fatal({ event: 'process.fatal', err: thrown }, messageOf(thrown)),
    },
  });
  await app.start();
  if (settings.failFast && !app.isReady) {
    log.fatal({ event: 'process.fail_fast' }, 'the first load gives nothing to serve');
    await app.stop();
    signalHandling[Symbol.dispose]();
    return 'invalid';
  }
  // From here on only a signal ends the process.
  return await new Promise<ExitName>(() => undefined);
}
