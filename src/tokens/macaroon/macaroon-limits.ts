/** Caveats of one macaroon, at most. */
export const MAX_CAVEATS = 64;
/** Discharges beside one macaroon, at most. */
export const MAX_DISCHARGES = 16;
/** A macaroon with its discharges, in binary form, at most. */
export const MAX_BUNDLE_BYTES = 8 * 1024;

/** Bytes or a text that is no macaroon. The message never quotes it. */
export class MacaroonFormatError extends Error {
  readonly code = 'MACAROON_MALFORMED';

  constructor(problem: string) {
    super(`no macaroon: ${problem}`);
    this.name = 'MacaroonFormatError';
  }
}
