import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openAuthority } from '../../src/authority/open-authority.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { AuthplaneProcess } from '../support/authplane-process.ts';
import {
  authListener,
  authRoute,
  authRoutes,
  loopbackCluster,
  testProvider,
} from '../support/auth-snapshot.ts';
import { loadBootstrap } from '../support/bootstrap.ts';
import { runCli } from '../support/cli.ts';
import { EnvoyProcess } from '../support/envoy-process.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { SnapshotDirectory } from '../support/snapshot-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const ADS = { ads: {}, resource_api_version: 'V3' };
const DAY_MS = 86_400_000;

/** A secret that stands nowhere by chance. */
function canary(name: string): string {
  return `canary-${name}-${randomBytes(12).toString('hex')}`;
}

/** Every form in which a secret could stand in an output: as it is, in base64 from any offset, and in hexadecimal. */
function formsOf(secret: string): readonly string[] {
  const base64 = [0, 1, 2].map(offset => {
    const shifted = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString('base64');
    // The first and last groups depend on what stands beside it.
    return shifted.slice(4, -4);
  });
  return [
    secret,
    ...base64,
    ...base64.map(text => text.replaceAll('+', '-').replaceAll('/', '_')),
    Buffer.from(secret).toString('hex'),
  ];
}

/** A line from the middle of a PEM key. */
function lineOf(pem: string): string {
  const lines = pem.trim().split('\n');
  return lines[Math.floor(lines.length / 2)] ?? '';
}

describe('a canary in every key and secret', function () {
  this.timeout(60_000);

  it('is found in no output of a run with edits, errors, a rotation and every command', async () => {
    await using directory = await temporaryDirectory();
    const path = (name: string): string => join(directory.path, name);
    const snapshots = new SnapshotDirectory(path('snapshots'));
    await mkdir(snapshots.path);
    const passphrase = canary('passphrase');
    await writeFile(path('passphrase'), `${passphrase}\n`);
    const authority = await openAuthority(path('ca'), path('passphrase'), systemClock);
    await authority.init('canary');
    const issue = (name: string) =>
      authority.issue(
        name,
        {
          uris: [`spiffe://a.test/${name}`],
          dnsNames: ['localhost'],
          ipAddresses: [],
          usages: ['server', 'client'],
          keyType: 'ec',
          lifetimeMs: 8 * DAY_MS,
        },
        {
          certificatePath: join(snapshots.path, `${name}.pem`),
          privateKeyPath: join(snapshots.path, `${name}.key`),
        },
      );
    await issue('edge');
    const secrets: Record<string, string> = {
      passphrase,
      generic: canary('generic'),
      inline: canary('inline'),
      apiKey: canary('api-key'),
      password: canary('password'),
      bad: canary('bad'),
      ticket: canary('ticket').padEnd(80, 'x'),
    };
    const keys: string[] = [];
    const keepKey = async (): Promise<void> => void keys.push(lineOf(await snapshots.read('edge.key')));
    await keepKey();
    await snapshots.write('generic.secret', secrets['generic']);
    await snapshots.write('ticket.key', secrets['ticket']);
    await snapshots.write('api.keys', `client-1:${secrets['apiKey'] ?? ''}\n`);
    await snapshots.write('users', `ann:{SHA}${Buffer.from(secrets['password'] ?? '').toString('base64')}\n`);
    await snapshots.write('jwks.json', jwksOf([new TokenKey()]));
    const port = await freePort();
    const file = {
      certificates: [{ name: 'edge', certificate_chain: 'edge.pem', private_key: 'edge.key' }],
      session_ticket_keys: [{ name: 'tickets', keys: ['ticket.key'] }],
      generic_secrets: [{ name: 'generic', file: 'generic.secret', grant: { groups: ['*'] } }],
      secrets: [{ name: 'inline', generic_secret: { secret: { inline_string: secrets['inline'] } } }],
      secret_grants: [{ name: 'inline', grant: { groups: ['edge'] } }],
      jwt_providers: [testProvider()],
      auth_chains: [{ name: 'web', authenticate: [{ api_key: { file: 'api.keys', header: 'x-api-key' } }] }],
      listeners: [
        authListener({
          port,
          chain: 'web',
          filterChain: {
            transport_socket: {
              name: 'envoy.transport_sockets.tls',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
                common_tls_context: {
                  tls_certificate_sds_secret_configs: [{ name: 'edge', sds_config: ADS }],
                },
                session_ticket_keys_sds_secret_config: { name: 'tickets', sds_config: ADS },
              },
            },
          },
        }),
      ],
      clusters: [loopbackCluster('up', port)],
      routes: [authRoutes([authRoute({ prefix: '/' }, 'up')])],
    };
    await snapshots.write('edge.yaml', file);
    const outputs: string[] = [];
    const command = async (...args: readonly string[]): Promise<void> => {
      const { code, stdout, stderr } = await runCli(args);
      expect(code, `${args.join(' ')}\n${stderr}`).to.be.oneOf([0, 4]);
      outputs.push(`$ ${args.join(' ')}\n${stdout}${stderr}`);
    };
    {
      await using authplane = await AuthplaneProcess.start({
        snapshots: snapshots.path,
        stateDirectory: path('state'),
        flags: ['--log-level', 'trace', '--ca-dir', path('ca'), '--ca-passphrase-file', path('passphrase')],
      });
      await using envoy = await EnvoyProcess.start(
        await loadBootstrap('ads-delta', { xdsPort: authplane.xdsPort, nodeId: 'edge-1' }),
      );
      await envoy.waitUntilLive();
      const reported = async (code: string): Promise<boolean> =>
        JSON.stringify(await authplane.api('/api/v1/snapshots')).includes(code);
      // A new key, half of one, and one that is no key.
      await issue('edge');
      await keepKey();
      await snapshots.write('edge.key', (await snapshots.read('edge.key')).slice(0, 120));
      await waitFor('the half key', () => reported('AP1502'));
      await snapshots.write(
        'edge.key',
        `-----BEGIN PRIVATE KEY-----\n${secrets['bad'] ?? ''}\n-----END PRIVATE KEY-----\n`,
      );
      await waitFor('the bad key', async () => (await reported('AP1511')) || reported('AP1503'));
      await issue('edge');
      await keepKey();
      await waitFor('the good key', async () => !(await reported('"error"')));
      // A second definition of one name.
      await snapshots.write('twin.yaml', {
        secrets: [{ name: 'inline', generic_secret: { secret: { inline_string: secrets['bad'] } } }],
      });
      await waitFor('the duplicate', () => reported('AP1401'));
      await snapshots.remove('twin.yaml');
      await waitFor('the good files', async () => !(await reported('"error"')));
      const server = ['--server', authplane.adminUrl];
      for (const page of [
        'nodes',
        'nodes/edge-1',
        'nacks',
        'snapshots',
        'secrets',
        'secrets/edge',
        'secrets/inline',
      ]) {
        outputs.push(JSON.stringify(await authplane.api(`/api/v1/${page}`)));
      }
      outputs.push(await authplane.metrics());
      await command('status', '--all', ...server);
      await command('secrets', 'list', ...server);
      await command('secrets', 'who-can', 'edge', '-o', 'json', ...server);
      await command('secrets', 'why-not', 'edge-1', 'inline', ...server);
      outputs.push(...authplane.log.map(entry => JSON.stringify(entry)), authplane.readyLine);
    }
    for (const output of ['json', 'yaml', 'table']) {
      const node = ['--node-id', 'edge-1', '--node-cluster', 'edge'];
      await command('compile', '--snapshots', snapshots.path, ...node, '-o', output);
    }
    await command('validate', snapshots.path);
    await command('diff', snapshots.path, snapshots.path);
    const ca = ['--ca-dir', path('ca'), '--passphrase-file', path('passphrase')];
    await command('ca', 'status', '-o', 'json', ...ca);
    await command('ca', 'renew', '--all', ...ca);
    await command('ca', 'rotate', ...ca);
    await command('ca', 'revoke', 'edge', ...ca);
    outputs.push(await readFile(path('ca/authority.json'), 'utf8'));
    for (const entry of await readdir(path('state'), { recursive: true, withFileTypes: true })) {
      if (entry.isFile())
        outputs.push((await readFile(join(entry.parentPath, entry.name))).toString('latin1'));
    }
    expect(outputs.length, 'there is something to search').to.be.greaterThan(40);
    const text = outputs.join('\n');
    expect(text).to.contain('edge-1').and.to.contain('"fingerprints"');
    for (const [name, secret] of Object.entries(secrets)) {
      const found = formsOf(secret.slice(0, 40)).filter(form => text.includes(form));
      expect(found, name).to.deep.equal([]);
    }
    // The search finds what is there, in every form.
    for (const shown of [
      passphrase,
      Buffer.from(`x${passphrase}y`).toString('base64'),
      Buffer.from(passphrase).toString('hex'),
    ]) {
      expect(formsOf(passphrase.slice(0, 40)).some(form => shown.includes(form))).to.equal(true);
    }
    for (const line of keys) expect(text.includes(line), 'a line of a private key').to.equal(false);
  });
});
