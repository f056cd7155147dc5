import { expect } from 'chai';
import { AdminServer } from '../../src/admin/admin-server.ts';
import type { Health, NodeStatus, StatusSource } from '../../src/admin/status-source.ts';

const node: NodeStatus = {
  id: 'edge/1 ä',
  cluster: 'edge',
  user_agent: 'envoy 1.40.0',
  auth_edits: 'in-place',
  group: 'edge.yaml',
  connected: true,
  disconnected_at: null,
  state: 'synced',
  streams: [],
  types: {},
};

class Status implements StatusSource {
  current: Health = { ready: true, checks: [{ name: 'snapshot', ok: true, detail: '1 node group' }] };
  health = (): Health => this.current;
  nodes = (): readonly NodeStatus[] => [node];
  node = (id: string): NodeStatus | undefined => {
    if (id === 'broken') throw new Error('private details');
    return id === node.id ? node : undefined;
  };
  nacks = () => [];
  secrets = () => [];
  secret = () => undefined;
  snapshots = () => ({
    last_load: 'ok' as const,
    last_load_at: null,
    confirm: null,
    groups: [],
    diagnostics: [],
  });
}

describe('AdminServer', () => {
  const status = new Status();
  const requests: string[] = [];
  const errors: unknown[] = [];
  let server: AdminServer;
  let base: string;

  before(async () => {
    server = new AdminServer(
      {
        status,
        metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
        onRequest: (route, code) => requests.push(`${route} ${code}`),
        onRefused: () => undefined,
        onError: thrown => errors.push(thrown),
      },
      { host: '127.0.0.1', port: 0 },
    );
    await server.start();
    base = `http://127.0.0.1:${server.address.port}`;
  });

  after(() => server.stop());

  async function get(path: string, init: RequestInit = {}) {
    const response = await fetch(base + path, init);
    const text = await response.text();
    const isJson =
      response.headers.get('content-type')?.startsWith('application/json') === true && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as unknown) : text,
    };
  }

  it('takes a free port for port 0', () => {
    expect(server.address.port).to.be.greaterThan(0);
  });

  it('is alive whatever the readiness', async () => {
    status.current = { ready: false, checks: [] };
    expect((await get('/livez')).status).to.equal(200);
  });

  it('answers readiness by status code, with reasons when asked', async () => {
    status.current = {
      ready: false,
      checks: [{ name: 'snapshot', ok: false, detail: 'nothing loaded yet' }],
    };
    expect(await get('/readyz')).to.include({ status: 503 });
    expect((await get('/readyz?verbose')).body).to.deep.equal({
      status: 'not ready',
      checks: [{ name: 'snapshot', ok: false, detail: 'nothing loaded yet' }],
    });
    status.current = { ready: true, checks: [] };
    expect(await get('/readyz')).to.deep.include({ status: 200, body: { status: 'ok' } });
  });

  it('serves metrics as text', async () => {
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/);
    expect(response.body).to.equal('up 1\n');
  });

  it('serves nodes, one node with any id, nacks and snapshots', async () => {
    expect((await get('/api/v1/nodes')).body).to.deep.equal({ nodes: [node] });
    expect((await get(`/api/v1/nodes/${encodeURIComponent(node.id)}`)).body).to.deep.equal(node);
    expect((await get('/api/v1/nacks')).body).to.deep.equal({ nacks: [] });
    expect((await get('/api/v1/snapshots')).body).to.include({ last_load: 'ok' });
  });

  it('answers errors as JSON with a code', async () => {
    expect(await get('/api/v1/nodes/nobody')).to.deep.include({
      status: 404,
      body: { code: 'NODE_NOT_FOUND', message: 'no proxy with id "nobody" is known' },
    });
    expect(await get('/nothing?token=x')).to.deep.include({
      status: 404,
      body: { code: 'NOT_FOUND', message: 'there is nothing at /nothing' },
    });
    expect((await get('/api/v1/nodes/%zz')).body).to.include({ code: 'BAD_REQUEST' });
  });

  it('refuses everything but reading, without taking a body', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await get('/api/v1/nodes', { method });
      expect(response.status, method).to.equal(405);
      expect(response.headers.get('allow')).to.equal('GET, HEAD');
      expect(response.body).to.include({ code: 'METHOD_NOT_ALLOWED' });
    }
    expect((await get('/api/v1/nodes', { method: 'HEAD' })).status).to.equal(200);
  });

  it('keeps the details of a defect out of the answer', async () => {
    const response = await get('/api/v1/nodes/broken');
    expect(response.status).to.equal(500);
    expect(JSON.stringify(response.body)).not.to.contain('private details');
    expect(errors).to.have.length(1);
  });

  it('sets security headers on every answer', async () => {
    for (const path of ['/livez', '/metrics', '/nothing', '/api/v1/nodes']) {
      const { headers } = await get(path);
      expect(headers.get('content-security-policy'), path).to.contain("default-src 'none'");
      expect(headers.get('x-content-type-options'), path).to.equal('nosniff');
      expect(headers.get('cache-control'), path).to.equal('no-store');
    }
  });

  it('counts requests by route template', async () => {
    requests.length = 0;
    await get('/api/v1/nodes/a');
    await get('/etc/passwd');
    expect(requests).to.deep.equal(['/api/v1/nodes/:id 404', 'unknown 404']);
  });

  it('reports an address that is taken', async () => {
    const parts = {
      status,
      metrics: () => Promise.reject(new Error('unused')),
      onRequest: () => 0,
      onRefused: () => 0,
      onError: () => 0,
    };
    const second = new AdminServer(parts, { host: '127.0.0.1', port: server.address.port });
    const failure: unknown = await second.start().catch((thrown: unknown) => thrown);
    expect(failure).to.include({ code: 'LISTEN_FAILED' });
    await second.stop();
  });
});
