/** Every code an exception of ours carries. Mistakes in operators' files are diagnostics, not exceptions. */
export const ERROR_CODES = {
  SETTINGS_INVALID: 'A setting has an unknown name or a value that does not fit.',
  USAGE: 'The command line does not fit the command.',
  LISTEN_FAILED: 'An address could not be listened on.',
  STATE_DIR_UNUSABLE: 'The state directory cannot be created, read or written.',
  STATE_CORRUPT: 'A file in the state directory fails its checksum or cannot be decoded.',
  TLS_FILES_INVALID: 'The certificate, key or CA of a listening address cannot be used.',
  CA_UNUSABLE: 'The directory of the certificate authority, or a key in it, cannot be used.',
  CA_REFUSED: 'The certificate authority does not do what was asked of it.',
  DATABASE_UNUSABLE: 'The embedded database is used by another process, or its directory cannot be used.',
  DATABASE_UNAVAILABLE: 'The database cannot be reached.',
  DATABASE_REFUSED: 'The database refuses a statement.',
  SCHEMA_MISMATCH: 'The schema of the database is newer than this authplane, older, or another one.',
  KEK_INVALID:
    'The key-encryption key is missing, malformed, readable by others, or not the one that the keys are wrapped with.',
  TOKEN_CONFIG_INVALID: 'The file of the token service has errors.',
  TOKEN_REFUSED: 'The token service does not do what was asked of it.',
  AUDIT_BROKEN: 'The chain of the audit does not hold.',
  ENVOY_UNAVAILABLE: 'No Envoy binary was found or it could not be run.',
  DENIED: 'A running authplane refuses the client certificate.',
  UNREACHABLE: 'A running authplane could not be reached.',
  INTERNAL: 'A defect in authplane itself.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An exception with a stable `code`, so that callers can tell causes apart without reading texts. */
export class AuthplaneError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AuthplaneError';
    this.code = code;
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
