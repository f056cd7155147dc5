import { expect } from 'chai';
import { Fleet } from '../../src/fleet/fleet.ts';
import { nackStatus, nodeStatus } from '../../src/observability/fleet-view.ts';
import { transportTap } from '../../src/observability/transport-tap.ts';
import { createLogger } from '../../src/platform/log.ts';
import { Metrics } from '../../src/platform/metrics.ts';
import type { Effect } from '../../src/protocol/effect.ts';
import { makeResource } from '../../src/resources/frame.ts';
import { LISTENER } from '../../src/resources/type-url.ts';
import type { StreamView } from '../../src/transport/stream-view.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { snapshot } from '../support/resources.ts';

const listener = makeResource({
  typeUrl: LISTENER,
  name: 'https',
  body: Buffer.from('x'),
  origin: { file: 'edge.yaml', line: 9, column: 3, path: ['listeners', 0] },
});

const stream: StreamView = {
  id: '1',
  service: 'ads',
  variant: 'delta',
  peer: '10.0.0.1:5',
  openedAtMs: 1_000,
  node: { id: 'edge-1', cluster: 'edge', metadata: {}, userAgent: 'envoy/1.40.0' },
  nodeGroup: 'edge.yaml',
};

function send(nonce: string): Effect {
  const update = {
    variant: 'delta',
    typeUrl: LISTENER,
    versionInfo: `v${nonce}`,
    resources: [listener],
    removed: [],
    bodiless: [],
  } as const;
  return { kind: 'send', typeUrl: LISTENER, nonce, update };
}

function acked(nonce: string): Effect {
  return { kind: 'acked', typeUrl: LISTENER, nonce, versionInfo: `v${nonce}` };
}

function harness() {
  const clock = new FakeClock();
  const fleet = new Fleet({ clock });
  const metrics = new Metrics();
  const lines: string[] = [];
  const tap = transportTap({
    clock,
    fleet,
    metrics,
    log: createLogger('info', { write: line => void lines.push(line) }),
  });
  const effect = (value: Effect, atMs: number): void => {
    tap({ kind: 'effect', stream, effect: value, atMs, bytes: 100, cached: false });
  };
  tap({ kind: 'streamOpened', stream });
  tap({ kind: 'nodeIdentified', stream });
  tap({ kind: 'snapshotTaken', stream, snapshot: snapshot([listener]), atMs: 1_000 });
  return { clock, fleet, metrics, tap, effect, lines };
}

describe('transportTap', () => {
  it('measures convergence from a changed snapshot to the ACK, not for the first one nor for later subscriptions', async () => {
    const { metrics, tap, effect } = harness();
    effect(send('1'), 1_000);
    effect(acked('1'), 1_050);
    tap({ kind: 'snapshotTaken', stream, snapshot: snapshot([listener]), atMs: 5_000 });
    effect(send('2'), 5_100);
    effect(acked('2'), 5_200);
    effect(send('3'), 90_000);
    effect(acked('3'), 90_001);
    const { body } = await metrics.text();
    expect(body).to.contain('authplane_xds_convergence_seconds_count{type="lds",group="edge.yaml"} 1');
    expect(body).to.contain('authplane_xds_convergence_seconds_sum{type="lds",group="edge.yaml"} 0.2');
    expect(body).to.contain('authplane_xds_ack_duration_seconds_count{type="lds"} 3');
    expect(body).to.contain('authplane_xds_responses_total{type="lds",protocol="delta"} 3');
  });

  it('counts open streams and how they end', async () => {
    const { metrics, tap } = harness();
    expect((await metrics.text()).body).to.contain('authplane_xds_streams{protocol="delta",api="ads"} 1');
    tap({ kind: 'streamClosed', stream, reason: 'client', code: 0, message: '', atMs: 61_000 });
    const { body } = await metrics.text();
    expect(body).to.contain('authplane_xds_streams{protocol="delta",api="ads"} 0');
    expect(body).to.contain('authplane_xds_stream_closed_total{reason="client"} 1');
    expect(body).to.contain('authplane_xds_stream_duration_seconds_sum{protocol="delta"} 60');
  });

  it('traces a rejection to file and line, in the API and in the log, without what it quotes', async () => {
    const { fleet, metrics, effect, lines } = harness();
    effect(send('1'), 1_000);
    const rejection = {
      code: 13,
      message: 'Error adding/updating listener(s) https: bad value in { private_key: "c2VjcmV0LWtleQ" }',
    };
    effect(
      { kind: 'nacked', typeUrl: LISTENER, nonce: '1', versionInfo: 'v1', rejection, resources: [listener] },
      1_100,
    );
    const [nack] = fleet.nacks().map(nackStatus);
    const resources = [{ name: 'https', file: 'edge.yaml', line: 9, column: 3 }];
    expect(nack).to.deep.include({ node: 'edge-1', type: 'lds', code: 13, stands: true, resources });
    const node = nodeStatus(fleet.nodes()[0] ?? expect.fail('no node'));
    expect(node).to.include({ state: 'nacked', connected: true, group: 'test.yaml' });
    expect(node.types['lds']?.nack?.resources).to.deep.equal(resources);
    const entry = lines
      .map(line => JSON.parse(line) as Record<string, unknown>)
      .find(line => line['event'] === 'xds.nack');
    expect(entry).to.include({ level: 'error', node_id: 'edge-1', file: 'edge.yaml', line: 9 });
    expect(JSON.stringify([nack, node, lines])).not.to.contain('c2VjcmV0');
    expect((await metrics.text()).body).to.contain('authplane_xds_nacks_total{type="lds"} 1');
  });

  it('logs a few of many failed connections, and how many were left out', () => {
    const { clock, tap, lines } = harness();
    lines.length = 0;
    for (let index = 0; index < 50; index++) tap({ kind: 'connectionFailed', peer: 'x', message: 'garbage' });
    expect(lines).to.have.length(10);
    clock.advance(10_000);
    tap({ kind: 'connectionFailed', peer: 'x', message: 'garbage' });
    expect(JSON.parse(lines[10] ?? '')).to.include({ event: 'xds.connection_failed', suppressed: 40 });
  });
});
