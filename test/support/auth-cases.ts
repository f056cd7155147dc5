import type { JsonValue } from '@bufbuild/protobuf';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Checked } from '../../src/resources/diagnostic.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { authListener, authRoutes } from './auth-snapshot.ts';
import { compile } from './compile.ts';
import { jwksOf, TokenKey } from './jwt.ts';

const ROOT = join(import.meta.dirname, '../golden/auth');
/** Few, so that golden files stay readable; the number changes nothing else. */
const SLOTS = 4;

const apiKey = randomBytes(16).toString('hex');
const passwordHash = createHash('sha1').update(randomBytes(16)).digest('base64');
const jwks = jwksOf([new TokenKey()]);

/** What `../keys/` of every case holds: made for each run, so that no key is ever committed. */
const KEYS: Readonly<Record<string, string>> = {
  '/keys/jwks.json': jwks,
  '/keys/api-keys.txt': `# client:key\nci:${apiKey}\n`,
  '/keys/users.htpasswd': `alice:{SHA}${passwordHash}\n`,
};

/** A case without a listener gets one: without it chains go nowhere. */
const LISTENER = { listeners: [authListener({ port: 10_000, chain: 'CHAIN' })], routes: [authRoutes([])] };

/** The file that such a listener is in. */
export const ADDED_FILE = 'zz.yaml';

/** Paths of the snapshot files of test/golden/auth, one for every authenticator and authorizer. */
export const AUTH_CASES: readonly string[] = readdirSync(ROOT)
  .filter(name => name.endsWith('.yaml'))
  .map(name => join(ROOT, name));

/** Compiles a case. */
export function compileAuthCase(path: string): Checked<Snapshot> {
  const text = readFileSync(path, 'utf8');
  const [, chain = ''] = /^auth_chains:\n- name: (\S+)$/m.exec(text) ?? [];
  const listener = JSON.stringify(LISTENER).replace('CHAIN', chain);
  const files = {
    [basename(path)]: text,
    ...(text.includes('listeners:') ? {} : { [ADDED_FILE]: listener }),
  };
  return compile(files, { assets: KEYS, authSlots: SLOTS });
}

/** The value with the keys of this run replaced by what they are. */
export function withoutKeys(value: JsonValue): JsonValue {
  const text = JSON.stringify(value)
    .replaceAll(JSON.stringify(jwks), '"<key set>"')
    .replaceAll(apiKey, '<key>')
    .replaceAll(passwordHash, '<hash>');
  return JSON.parse(text) as JsonValue;
}
