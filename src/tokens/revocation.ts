/** What a revocation names: one token by its `jti`, all tokens of a subject or of a client, or one macaroon by the nonce of its identifier. */
export type RevocationKind = 'jti' | 'subject' | 'client' | 'macaroon';

/** Tokens that no longer count. Times are milliseconds since the epoch. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly value: string;
  /** Of a single token: the client that it was issued to, if that is known. */
  readonly clientId?: string;
  /** Tokens that were issued at this time or later are not meant. */
  readonly issuedBeforeMs: number;
  readonly reason: string;
  readonly createdMs: number;
  /** From then on nothing that it refuses can still be valid. */
  readonly expiresMs: number;
}

/** What of a token revocations look at. */
export interface RevocableToken {
  readonly jti: string;
  readonly subject: string;
  readonly clientId: string | undefined;
  readonly issuedMs: number;
}

/** Revocations that can be asked in constant time. Immutable. */
export class RevocationSet {
  readonly #byName: ReadonlyMap<string, Revocation>;
  /** The newest first. */
  readonly all: readonly Revocation[];

  constructor(all: readonly Revocation[]) {
    this.all = all;
    this.#byName = new Map(all.map(revocation => [`${revocation.kind} ${revocation.value}`, revocation]));
  }

  /** The revocation that refuses the token; undefined: none does. */
  find(token: RevocableToken): Revocation | undefined {
    const { jti, subject, clientId, issuedMs } = token;
    return (
      this.#get('jti', jti, issuedMs) ??
      this.#get('subject', subject, issuedMs) ??
      (clientId === undefined ? undefined : this.#get('client', clientId, issuedMs))
    );
  }

  isMacaroonRevoked(nonce: string): boolean {
    return this.#byName.has(`macaroon ${nonce}`);
  }

  #get(kind: RevocationKind, value: string, issuedMs: number): Revocation | undefined {
    const found = this.#byName.get(`${kind} ${value}`);
    return found !== undefined && issuedMs < found.issuedBeforeMs ? found : undefined;
  }
}
