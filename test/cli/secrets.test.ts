import { expect } from 'chai';
import { AdminServer } from '../../src/admin/admin-server.ts';
import type { SecretDetail } from '../../src/admin/secret-status.ts';
import { NOTHING_HELD, reduceHeld } from '../../src/fleet/held-versions.ts';
import type { NodeView } from '../../src/fleet/node-view.ts';
import { newTypeRecord } from '../../src/fleet/type-record.ts';
import { secretDetail, secretStatuses } from '../../src/observability/secret-view.ts';
import { SECRET } from '../../src/resources/type-url.ts';
import type { ServedSecret } from '../../src/store/group-status.ts';
import { runCli } from '../support/cli.ts';
import { resource } from '../support/resources.ts';

const OLD = resource(SECRET, 'tls', '1');
const NEW = resource(SECRET, 'tls', '2');
const SERVED: ServedSecret = {
  group: 'edge.yaml',
  name: 'tls',
  kind: 'certificate',
  version: NEW.version,
  fingerprints: ['AA:BB'],
  notAfterMs: 1_800_000_000_000,
  notBeforeMs: 1_700_000_000_000,
  origin: { file: 'edge.yaml', line: 3, column: 1, path: [] },
  grant: { spiffe: [], groups: ['edge'] },
};

/** A connected proxy that has accepted this version; undefined: it has none. */
function proxy(id: string, cluster: string, group: string | undefined, held?: typeof OLD): NodeView {
  const sent = { variant: 'delta', typeUrl: SECRET, versionInfo: '1', removed: [], bodiless: [] } as const;
  let versions = NOTHING_HELD;
  if (held !== undefined) {
    const update = { ...sent, resources: [held] };
    versions = reduceHeld(versions, { kind: 'send', typeUrl: SECRET, nonce: '1', update });
    versions = reduceHeld(versions, { kind: 'acked', typeUrl: SECRET, nonce: '1', versionInfo: '1' });
  }
  const types = new Map([[SECRET, { ...newTypeRecord(SECRET), held: versions }]]);
  const stream = {
    streamId: id,
    api: 'ads',
    variant: 'delta',
    peer: '',
    openedAtMs: 0,
    group,
    types,
  } as const;
  const node = { id, cluster, metadata: {} };
  return { node, group, state: 'synced', streams: [stream], types: [], disconnectedAtMs: undefined };
}

const NODES = [
  proxy('has-it', 'edge', 'edge.yaml', NEW),
  proxy('behind', 'edge', 'edge.yaml', OLD),
  proxy('not-granted', 'inner', 'edge.yaml'),
  proxy('elsewhere', 'edge', 'other.yaml'),
];

describe('authplane secrets', () => {
  let server: AdminServer;
  let flags: readonly string[];

  before(async () => {
    const unused = (): never => {
      throw new Error('unused');
    };
    server = new AdminServer(
      {
        status: {
          health: unused,
          nodes: unused,
          node: unused,
          nacks: unused,
          snapshots: unused,
          secrets: () => secretStatuses([SERVED], NODES),
          secret: (name): SecretDetail | undefined => secretDetail(name, [SERVED], NODES),
        },
        metrics: unused,
        onRequest: () => undefined,
        onRefused: () => undefined,
        onError: () => undefined,
      },
      { host: '127.0.0.1', port: 0 },
    );
    await server.start();
    flags = ['--server', `127.0.0.1:${server.address.port}`];
  });
  after(() => server.stop());

  it('lists what is served, to whom, and who is behind', async () => {
    const { code, stdout } = await runCli(['secrets', 'list', ...flags]);
    expect(code).to.equal(4);
    expect(stdout.split('\n')[1]).to.match(
      /^tls +edge\.yaml +certificate +2027-01-15T08:00:00\.000Z +edge +1 +1 +edge\.yaml:3$/,
    );
    const json = JSON.parse((await runCli(['secrets', 'list', '-o', 'json', ...flags])).stdout) as object[];
    expect(json[0]).to.deep.include({ name: 'tls', accepted: 1, behind: ['behind'] });
  });

  it('says who can have a secret', async () => {
    const { code, stdout } = await runCli(['secrets', 'who-can', 'tls', ...flags]);
    expect(code).to.equal(0);
    expect(stdout)
      .to.contain('has-it')
      .and.to.contain('behind')
      .and.to.contain('2 connected may have it, 2 may not');
    expect(stdout).to.not.contain('not-granted');
    expect((await runCli(['secrets', 'who-can', 'none', ...flags])).code).to.equal(64);
  });

  it('says why a proxy does not get one', async () => {
    const why = async (node: string): Promise<readonly [number, string]> => {
      const { code, stdout } = await runCli(['secrets', 'why-not', node, 'tls', ...flags]);
      return [code, stdout];
    };
    expect(await why('has-it')).to.deep.equal([
      0,
      'has-it has "tls": granted, because the grant of the secret names it\n',
    ]);
    expect((await why('behind'))[1]).to.contain('has an older version of');
    expect(await why('not-granted')).to.deep.equal([
      6,
      'not-granted does not have "tls": denied, because its cluster "inner" is none of the groups edge\n',
    ]);
    expect(await why('elsewhere')).to.deep.equal([
      6,
      'elsewhere does not have "tls": denied, because the secret is none of its files (other.yaml); it is in edge.yaml\n',
    ]);
    expect((await runCli(['secrets', 'why-not', 'nobody', 'tls', ...flags])).code).to.equal(64);
  });
});
