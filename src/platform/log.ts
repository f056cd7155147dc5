import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Keys whose values never reach a log line, at any depth up to three. */
const SECRET_KEYS = [
  'private_key',
  'privateKey',
  'authorization',
  'token',
  'password',
  'secret',
  'bytes',
  'text',
];

/**
 * JSON lines with `time`, `level`, `msg`, `event` (a stable id such as `xds.nack`) and `component`.
 * Default destination: stderr, so that stdout stays for data.
 */
export function createLogger(level: LogLevel, destination: DestinationStream = pino.destination(2)): Logger {
  return pino(
    {
      level,
      base: { component: 'authplane' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: {
        paths: SECRET_KEYS.flatMap(key => [key, `*.${key}`, `*.*.${key}`]),
        censor: '[redacted]',
      },
    },
    destination,
  );
}
