/** A key set that is fetched: `jwks: {url}` of a provider. */
export interface JwksSource {
  readonly url: string;
  /** Names of the providers that use it, for messages. */
  readonly providers: readonly string[];
  /** Time between two fetches, before jitter. */
  readonly refreshMs: number;
  /** How long a key is kept that the URL no longer lists. */
  readonly overlapMs: number;
  /** Absolute path of a PEM file with the CAs of the server; undefined: those of the system. */
  readonly trustedCaPath: string | undefined;
}
