// Makes what the example in snapshots/ needs and nobody may commit: a CA, the certificate of the listener, and the key that
// signs tokens together with the filter that checks them. Run by `npm ci`, `npm start` and `npm test`; does nothing when
// all is there.
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CertificateAuthority } from '../src/authority/certificate-authority.ts';
import { jwksOf, TokenKey } from '../test/support/jwt.ts';
import { REPOSITORY } from './paths.ts';

const DAY_MS = 86_400_000;
const VALID_DAYS = 90;
const RENEW_DAYS = 14;
const KEY_ID = 'demo';

export const DEMO_ISSUER = 'https://idp.example';
export const DEMO_AUDIENCE = 'edge';

/** Where the files of a snapshot directory are. */
export function demoPaths(snapshots: string) {
  const directory = join(snapshots, 'generated');
  return {
    directory,
    ca: join(directory, 'ca.pem'),
    certificate: join(directory, 'edge.pem'),
    privateKey: join(directory, 'edge.key'),
    tokenKey: join(directory, 'token-signing.key'),
    filter: join(directory, 'keys.yaml'),
    jwks: join(directory, 'jwks.json'),
  };
}

/** True when `edge.yaml` of a snapshot directory names files that `ensureDemoKeys` makes. */
export async function wantsDemoKeys(snapshots: string): Promise<boolean> {
  const text = await readFile(join(snapshots, 'edge.yaml'), 'utf8').catch(() => '');
  return text.includes('generated/');
}

/**
 * Makes the files that are missing, and new certificates when they run out within two weeks. Keys are readable by the
 * owner only. Returns true when something was made.
 */
export async function ensureDemoKeys(snapshots: string): Promise<boolean> {
  const paths = demoPaths(snapshots);
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  const certificates = await certificatesAreGood(paths.certificate, paths.privateKey, paths.ca);
  if (!certificates) await makeCertificates(paths);
  const made = await Promise.all([paths.tokenKey, paths.filter, paths.jwks].map(exists));
  const filter = made.every(Boolean);
  if (!filter) await makeTokenKey(paths);
  return !certificates || !filter;
}

/** A token that the example accepts, with these claims beside issuer, audience and expiry. Valid for 12 hours. */
export async function demoToken(
  snapshots: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const key = createPrivateKey(await readFile(demoPaths(snapshots).tokenKey));
  const exp = Math.floor(Date.now() / 1000) + 12 * 3600;
  return new TokenKey(KEY_ID, key).sign({ iss: DEMO_ISSUER, aud: DEMO_AUDIENCE, exp, ...claims });
}

async function makeCertificates(paths: ReturnType<typeof demoPaths>): Promise<void> {
  const validity = { notAfter: new Date(Date.now() + VALID_DAYS * DAY_MS) };
  const authority = CertificateAuthority.create('authplane example CA', validity);
  const edge = authority.issue({
    ...validity,
    commonName: 'edge',
    dnsNames: ['localhost', 'edge.example'],
    ipAddresses: ['127.0.0.1'],
    usages: ['server'],
  });
  await replace(paths.privateKey, edge.privateKeyPem);
  await replace(paths.certificate, edge.chainPem);
  await replace(paths.ca, authority.certificatePem);
}

async function makeTokenKey(paths: ReturnType<typeof demoPaths>): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = jwksOf([new TokenKey(KEY_ID, privateKey)]);
  const provider = {
    issuer: DEMO_ISSUER,
    audiences: [DEMO_AUDIENCE],
    local_jwks: { inline_string: jwks },
    forward: false,
    payload_in_metadata: 'claims',
    claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }],
    clear_route_cache: true,
  };
  const filter = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
    providers: { idp: provider },
    requirement_map: { token: { provider_name: 'idp' } },
    rules: [{ match: { path: '/public' } }, { match: { prefix: '/' }, requirement_name: 'token' }],
  };
  const file = { node: { clusters: ['edge'] }, extension_configs: [{ name: 'jwt', typed_config: filter }] };
  await replace(paths.tokenKey, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  await replace(paths.jwks, `${jwks}\n`);
  await replace(
    paths.filter,
    '# Made by `npm start`: who may call. The JWKS holds the public half of token-signing.key beside this file.\n' +
      stringify(file, { lineWidth: 0 }),
  );
}

async function certificatesAreGood(certificate: string, privateKey: string, ca: string): Promise<boolean> {
  try {
    const parsed = new X509Certificate(await readFile(certificate));
    const issuer = new X509Certificate(await readFile(ca));
    return (
      parsed.validToDate.getTime() - Date.now() > RENEW_DAYS * DAY_MS &&
      parsed.checkPrivateKey(createPrivateKey(await readFile(privateKey))) &&
      parsed.verify(issuer.publicKey)
    );
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

/** A running authplane may watch the directory: it must never see half a file. */
async function replace(path: string, text: string): Promise<void> {
  const staging = `${path}.tmp`;
  await writeFile(staging, text, { mode: 0o600 });
  await rename(staging, path);
}

if (import.meta.main) {
  const made = await ensureDemoKeys(join(REPOSITORY, 'snapshots'));
  if (made) console.error('made the keys of the example in snapshots/generated');
}
