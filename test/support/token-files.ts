import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jwksOf, type TokenKey } from './jwt.ts';
import { ISSUER } from './token-client.ts';

/** What `--token-config` and `--kek-file` name: a client `gateway` with this key, and proxies that exchange. */
export async function writeTokenFiles(
  directory: string,
  clientKey: TokenKey,
): Promise<{ readonly config: string; readonly kek: string }> {
  const config = join(directory, 'tokens', 'tokens.yaml');
  const kek = join(directory, 'kek');
  await mkdir(join(directory, 'tokens'));
  await writeFile(kek, randomBytes(32), { mode: 0o400 });
  await writeFile(join(directory, 'tokens', 'gateway.json'), jwksOf([clientKey]));
  await writeFile(
    config,
    `issuer: ${ISSUER}
audiences: [{name: api, scopes: [read_api, write_api]}]
clients:
- {id: gateway, private_key_jwt: {jwks: gateway.json}, audiences: [api], scopes: [read_api, write_api], introspects: [api], requests_per_second: 100000}
- {id: proxies, edge: {}, requests_per_second: 1000}
exchanges:
- {name: macaroons, macaroon: {}, clients: [gateway, proxies], audiences: [api], scopes: [read_api, write_api]}
- {name: personal, personal_token: {}, clients: [gateway, proxies], audiences: [api], scopes: [read_api, write_api]}
`,
  );
  return { config, kek };
}
