import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import type { CheckedFile } from '../../compiler/checked-file.ts';
import { pathsOf, type FileSecret } from '../../compiler/file-secret.ts';
import type { JwtProviderSpec } from '../../compiler/auth/auth-spec.ts';
import { durationMs } from '../../compiler/auth/auth-spec.ts';
import type { TokenOverlay } from '../../compiler/auth/overlay-token-state.ts';
import type { Asset } from '../../resources/source-tree.ts';
import { CertificateAuthority } from '../../authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../authority/certificate-request.ts';
import type { PolicyCase, PolicyToken } from './policy-case.ts';

const KEY_ID = 'throw-away';
const DEFAULT_EXPIRY_MS = 60_000;

/**
 * Keys, users and certificates that live as long as a test: they take the place of the files that snapshots name, so that cases can be anybody
 * and nothing real is needed. The compiled configuration has the same form as in production.
 */
export class ThrowawayKeys {
  readonly #tokenKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #strangersKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #authority = CertificateAuthority.create('authplane test');
  readonly #server = this.#authority.issue({ dnsNames: ['localhost'] });
  readonly #strangers = CertificateAuthority.create('a stranger');
  readonly #secrets = new Map<string, string>();

  /** The assets of a snapshot directory with throw-away contents, for these cases. Fetched key sets are there, too. */
  assets(
    files: readonly CheckedFile[],
    cases: readonly PolicyCase[],
    assets: ReadonlyMap<string, Asset>,
  ): ReadonlyMap<string, Asset> {
    const replaced = new Map(assets);
    const put = (path: string, text: string): void => {
      // A file that cannot be read is a mistake to be told, not to be hidden.
      if (assets.get(path)?.kind !== 'failed') replaced.set(path, textAsset(text));
    };
    const identities = sidecarIdentities(files);
    for (const { auth, fileSecrets } of files) {
      for (const entry of auth.jwtProviders) {
        const { source } = entry.spec.jwks;
        if (source.case === 'file') put(entry.resolve(source.value), this.#jwks());
        if (source.case === 'url') put(source.value, this.#jwks());
      }
      for (const entry of auth.authChains) {
        for (const { kind } of entry.spec.authenticate) {
          if (kind.case === 'apiKey') put(entry.resolve(kind.value.file), this.#apiKeys(cases));
          if (kind.case === 'basic') put(entry.resolve(kind.value.file), this.#users(cases));
        }
      }
      for (const secret of fileSecrets) this.#putSecret(secret, identities.get(secret.name), put);
    }
    return replaced;
  }

  #putSecret(
    secret: FileSecret,
    spiffeId: string | undefined,
    put: (path: string, text: string) => void,
  ): void {
    switch (secret.kind) {
      case 'certificate': {
        const names = { dnsNames: ['localhost'] };
        const own =
          spiffeId === undefined ? this.#server : this.#authority.issue({ ...names, uris: [spiffeId] });
        put(secret.certificateChainPath, own.chainPem);
        put(secret.privateKeyPath, own.privateKeyPem);
        break;
      }
      case 'trustBundle':
        for (const path of pathsOf(secret)) put(path, this.#authority.certificatePem);
        if (secret.crlPath !== undefined) put(secret.crlPath, this.#authority.revocationList());
        break;
      case 'ticketKeys':
        for (const path of secret.keyPaths) put(path, randomBytes(40).toString('hex'));
        break;
      case 'generic':
        put(secret.path, randomBytes(32).toString('hex'));
        break;
    }
  }

  /** What stands for the state of the token service. */
  tokenOverlay(): TokenOverlay {
    return { jwks: this.#jwks(), revocations: { entries: [], issuedBefore: undefined } };
  }

  /** The key or password of a client or user. */
  secretOf(name: string): string {
    const secret = this.#secrets.get(name) ?? randomBytes(16).toString('hex');
    this.#secrets.set(name, secret);
    return secret;
  }

  /** A token as the provider takes it, unless the case says otherwise. */
  token(spec: PolicyToken, provider: JwtProviderSpec | undefined): string {
    const nowS = Math.floor(Date.now() / 1000);
    const expiryS = Math.floor(nowS + durationMs(spec.expiresIn, DEFAULT_EXPIRY_MS) / 1000);
    const given: Readonly<Record<string, unknown>> = {
      iss: provider?.issuer,
      aud: provider?.audiences[0],
      sub: 'authplane-test',
      iat: nowS,
      exp: expiryS,
      ...spec.claims,
    };
    const claims = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
    const key = spec.forged ? this.#strangersKey.privateKey : this.#tokenKey.privateKey;
    return signToken(Object.fromEntries(claims), key);
  }

  /** A client certificate. */
  certificate(names: NonNullable<PolicyCase['request']['clientCertificate']>): IssuedCertificate {
    const authority = names.untrusted ? this.#strangers : this.#authority;
    return authority.issue({
      uris: names.spiffe === '' ? [] : [names.spiffe],
      dnsNames: names.dns === '' ? [] : [names.dns],
    });
  }

  #jwks(): string {
    const key = this.#tokenKey.publicKey.export({ format: 'jwk' });
    return JSON.stringify({ keys: [{ ...key, kid: KEY_ID, alg: 'ES256', use: 'sig' }] });
  }

  /** One key more than the cases name: an empty file would be a mistake. */
  #apiKeys(cases: readonly PolicyCase[]): string {
    const clients = cases.map(({ request }) => request.apiKeyClient).filter(name => name !== '');
    return [...new Set([...clients, 'nobody'])].map(name => `${name}:${this.secretOf(name)}\n`).join('');
  }

  #users(cases: readonly PolicyCase[]): string {
    const users = cases.map(({ request }) => request.basicUser).filter(name => name !== '');
    const line = (name: string): string =>
      `${name}:{SHA}${createHash('sha1').update(this.secretOf(name)).digest('base64')}\n`;
    return [...new Set([...users, 'nobody'])].map(line).join('');
  }
}

/** The SPIFFE ID that the certificate of each sidecar must have, by the name of the certificate. */
function sidecarIdentities(files: readonly CheckedFile[]): ReadonlyMap<string, string> {
  const services = new Map(
    files.flatMap(file => file.services).map(({ spec }) => [spec.name, spec.spiffeId] as const),
  );
  return new Map(
    files.flatMap(({ sidecar }) => {
      const spiffeId = sidecar === undefined ? undefined : services.get(sidecar.spec.service);
      return sidecar === undefined || spiffeId === undefined
        ? []
        : [[sidecar.spec.certificate, spiffeId] as const];
    }),
  );
}

function textAsset(text: string): Asset {
  const bytes = Buffer.from(text);
  return { kind: 'read', hash: createHash('sha256').update(bytes).digest('hex'), bytes };
}

/** A compact JWS with ES256 (RFC 7515, RFC 7518). */
function signToken(claims: object, key: KeyObject): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode({ alg: 'ES256', typ: 'JWT', kid: KEY_ID })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}
