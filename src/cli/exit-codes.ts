import { AuthplaneError, type ErrorCode } from '../platform/errors.ts';

/** Exit codes of every command, with what they mean. Signals end `serve` with 128 + their number. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'Done; nothing to complain about.' },
  internal: { code: 1, meaning: 'A defect in authplane, or the system failed it.' },
  invalid: { code: 2, meaning: 'Snapshot files or settings are invalid.' },
  differences: { code: 3, meaning: 'There are differences.' },
  notInSync: { code: 4, meaning: 'Some proxy does not have what it should have.' },
  unreachable: { code: 5, meaning: 'A server could not be reached.' },
  denied: { code: 6, meaning: 'Access was denied.' },
  timeout: { code: 7, meaning: 'It took too long.' },
  usage: { code: 64, meaning: 'The command line is wrong.' },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly meaning: string }>>;

export type ExitName = keyof typeof EXIT_CODES;

const EXIT_OF_ERROR: Readonly<Record<ErrorCode, ExitName>> = {
  SETTINGS_INVALID: 'invalid',
  USAGE: 'usage',
  LISTEN_FAILED: 'internal',
  STATE_DIR_UNUSABLE: 'internal',
  STATE_CORRUPT: 'internal',
  TLS_FILES_INVALID: 'invalid',
  CA_UNUSABLE: 'internal',
  CA_REFUSED: 'invalid',
  DATABASE_UNUSABLE: 'internal',
  DATABASE_UNAVAILABLE: 'unreachable',
  DATABASE_REFUSED: 'internal',
  SCHEMA_MISMATCH: 'invalid',
  KEK_INVALID: 'invalid',
  TOKEN_CONFIG_INVALID: 'invalid',
  TOKEN_REFUSED: 'invalid',
  AUDIT_BROKEN: 'differences',
  ENVOY_UNAVAILABLE: 'internal',
  DENIED: 'denied',
  UNREACHABLE: 'unreachable',
  INTERNAL: 'internal',
};

/** How a command ends that threw. */
export function exitOf(thrown: unknown): ExitName {
  return thrown instanceof AuthplaneError ? EXIT_OF_ERROR[thrown.code] : 'internal';
}
