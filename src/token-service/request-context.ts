/** The verified certificate of a connection. */
export interface ClientCertificate {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** SHA-256 of the certificate (DER), base64url: `x5t#S256`. */
  readonly thumbprint: string;
}

/** A request of a client: its form, and what is known of its connection. */
export interface TokenRequest {
  /** Parameters by name, each at most once unless it may be repeated. */
  readonly form: Form;
  /** Undefined: the connection has none, or none that counts. */
  readonly certificate: ClientCertificate | undefined;
  /** The `Authorization` header; only to refuse it. */
  readonly hasAuthorization: boolean;
  /** Of the other side, for rate limits. */
  readonly address: string;
  /** Names the request in answers, logs and the audit. */
  readonly correlationId: string;
}

/** Values of `application/x-www-form-urlencoded` by name. */
export type Form = ReadonlyMap<string, readonly string[]>;

/** A parameter that is there once; undefined when it is missing or empty (RFC 6749, 3.2: empty is omitted). */
export function single(form: Form, name: string): string | undefined {
  const [value] = form.get(name) ?? [];
  return value === '' ? undefined : value;
}

/** Names of parameters that are there twice although they must not be (RFC 6749, 3.2). */
export function repeated(form: Form, mayRepeat: readonly string[]): readonly string[] {
  return [...form]
    .filter(([name, values]) => values.length > 1 && !mayRepeat.includes(name))
    .map(([name]) => name);
}
