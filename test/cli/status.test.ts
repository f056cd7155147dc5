import { expect } from 'chai';
import { AdminServer } from '../../src/admin/admin-server.ts';
import type { NodeStatus, SnapshotsStatus } from '../../src/admin/status-source.ts';
import { runCli } from '../support/cli.ts';

const synced: NodeStatus = {
  id: 'edge-1',
  cluster: 'edge',
  user_agent: 'envoy/1.40.0',
  auth_edits: 'in-place',
  group: 'edge.yaml',
  connected: true,
  disconnected_at: null,
  state: 'synced',
  streams: [],
  types: {
    lds: {
      state: 'synced',
      sent_version: 'v1',
      sent_at: null,
      acked_version: 'v1',
      acked_at: null,
      nack: null,
    },
  },
};

const nacked: NodeStatus = {
  ...synced,
  id: 'edge-2',
  state: 'nacked',
  types: {
    lds: {
      state: 'nacked',
      sent_version: 'v2',
      sent_at: null,
      acked_version: 'v1',
      acked_at: null,
      nack: {
        node: 'edge-2',
        group: 'edge.yaml',
        type: 'lds',
        type_url: 'type.googleapis.com/envoy.config.listener.v3.Listener',
        version: 'v2',
        at: '2026-11-24T09:00:00.000Z',
        stands: true,
        code: 13,
        reason: 'address in use',
        resources: [{ name: 'https', file: 'edge.yaml', line: 12, column: 3 }],
      },
    },
  },
};

const snapshots: SnapshotsStatus = {
  last_load: 'ok',
  last_load_at: '2026-11-24T08:00:00.000Z',
  confirm: null,
  groups: [
    {
      group: 'edge.yaml',
      files: ['edge.yaml'],
      version: 'v2',
      public_routes: [],
      certificates: [],
      pinned_version: null,
      state: 'current',
      since: '2026-11-24T08:00:00.000Z',
      nodes: 2,
      resources: { lds: 1 },
    },
  ],
  diagnostics: [],
};

async function withServer(
  nodes: readonly NodeStatus[],
  status: SnapshotsStatus,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const server = new AdminServer(
    {
      status: {
        health: () => ({ ready: true, checks: [] }),
        nodes: () => nodes,
        node: () => undefined,
        nacks: () => [],
        secrets: () => [],
        secret: () => undefined,
        snapshots: () => status,
      },
      metrics: () => Promise.resolve({ contentType: 'text/plain', body: '' }),
      onRequest: () => undefined,
      onRefused: () => undefined,
      onError: thrown => {
        throw thrown;
      },
    },
    { host: '127.0.0.1', port: 0 },
  );
  await server.start();
  try {
    await run(`127.0.0.1:${server.address.port}`);
  } finally {
    await server.stop();
  }
}

describe('authplane status', () => {
  it('says how many Envoys drain when an auth chain is edited', async () => {
    const older: NodeStatus = { ...synced, id: 'edge-9', auth_edits: 'drain' };
    await withServer([synced, older], snapshots, async url => {
      const { stdout } = await runCli(['status', '--server', url]);
      expect(stdout).to.contain(
        '1 Envoy has no filter_chain (below 1.39): edits of auth chains drain connections',
      );
    });
  });

  it('lists every public route with its written reason', async () => {
    const open = { route: 'edge/all#1 GET /healthz', reason: 'load balancers have no token' };
    const groups = snapshots.groups.map(group => ({ ...group, public_routes: [open] }));
    await withServer([synced], { ...snapshots, groups }, async url => {
      const { stdout } = await runCli(['status', '--server', url]);
      expect(stdout).to.match(
        /^PUBLIC ROUTE +REASON\nedge\/all#1 GET \/healthz +load balancers have no token$/m,
      );
    });
  });

  it('names certificates of proxies that run out within a week', async () => {
    const end = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const certificates = [
      { name: 'far', not_after: end(8) },
      { name: 'near', not_after: end(6) },
    ];
    const groups = snapshots.groups.map(group => ({ ...group, certificates }));
    await withServer([synced], { ...snapshots, groups }, async url => {
      const { stdout } = await runCli(['status', '--server', url]);
      expect(stdout).to.match(/^CERTIFICATE +GROUP +ENDS\nnear +edge\.yaml +20/m);
      expect(stdout).not.to.contain('far ');
    });
  });

  it('ends with 0 while everything is in sync', async () => {
    await withServer([synced], snapshots, async url => {
      const { code, stdout } = await runCli(['status', '--server', url]);
      expect(code).to.equal(0);
      expect(stdout).to.contain('1 connected, 1 synced');
      expect(stdout).to.not.contain('edge-1');
      expect((await runCli(['status', '--all', '--server', `http://${url}`])).stdout).to.match(
        /^edge-1 {2}edge\.yaml {2}SYNCED {2}SYNCED$/m,
      );
    });
  });

  it('ends with 4 and shows where a rejected resource was written', async () => {
    await withServer([synced, nacked], snapshots, async url => {
      const { code, stdout } = await runCli(['status'], { environment: { AUTHPLANE_SERVER: url } });
      expect(code).to.equal(4);
      expect(stdout).to.match(/^NODE +GROUP +STATE +LDS\nedge-2 +edge\.yaml +NACKED +NACKED$/m);
      expect(stdout).to.contain('edge-2 lds rejected at 2026-11-24T09:00:00.000Z: address in use');
      expect(stdout).to.contain('-> edge.yaml:12:3 https');
    });
  });

  it('ends with 4 while a group is held back, and tells how to confirm a guarded load', async () => {
    const held = snapshots.groups.map(group => ({ ...group, state: 'held' as const }));
    await withServer(
      [synced],
      { ...snapshots, last_load: 'guarded', confirm: 'abc', groups: held },
      async url => {
        const { code, stdout } = await runCli(['status', '--server', url]);
        expect(code).to.equal(4);
        expect(stdout).to.contain('authplane confirm abc');
        expect(stdout).to.match(/^edge\.yaml +v2 +HELD +1 +2$/m);
      },
    );
  });

  it('does not count proxies that are gone', async () => {
    await withServer([{ ...nacked, connected: false }], snapshots, async url => {
      expect((await runCli(['status', '--server', url])).code).to.equal(0);
      expect((await runCli(['status', '--all', '--server', url])).stdout).to.contain('GONE');
    });
  });

  it('prints all it knows as JSON', async () => {
    await withServer([nacked], snapshots, async url => {
      const { stdout } = await runCli(['status', '-o', 'json', '--server', url]);
      expect(JSON.parse(stdout)).to.deep.equal({ snapshots, nodes: [nacked] });
    });
  });

  it('ends with 5 when nothing answers', async () => {
    const { code, stdout, stderr } = await runCli(['status', '--server', '127.0.0.1:1']);
    expect(code).to.equal(5);
    expect(stdout).to.equal('');
    expect(stderr).to.match(/^authplane: no authplane at http:\/\/127\.0\.0\.1:1: /);
  });
});
