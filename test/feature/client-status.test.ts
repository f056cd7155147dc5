import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { Fleet } from '../../src/fleet/fleet.ts';
import {
  ClientStatusRequest,
  ClientStatusResponse,
  ConfigStatus,
} from '../../src/gen/envoy/service/status/v3/csds.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { CLUSTER, LISTENER } from '../../src/resources/type-url.ts';
import { ClientStatusService } from '../../src/transport/client-status-service.ts';
import type { TransportEvent } from '../../src/transport/transport-event.ts';
import { resource, snapshot } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';
import { XdsClient } from '../support/xds-client.ts';
import { type RunningServer, startXdsServer } from '../support/xds-server.ts';

const PATH = '/envoy.service.status.v3.ClientStatusDiscoveryService';
const some = snapshot([resource(CLUSTER, 'bad-cluster'), resource(LISTENER, 'l')]);

/** Feeds a fleet as the application does. */
function feed(fleet: Fleet, event: TransportEvent): void {
  if (event.kind === 'nodeIdentified' && event.stream.node !== undefined) {
    const { id, service, variant, peer, openedAtMs, node } = event.stream;
    fleet.connected({ streamId: id, api: service, variant, peer, openedAtMs }, node);
  } else if (event.kind === 'snapshotTaken') fleet.assigned(event.stream.id, event.snapshot.nodeGroup);
  else if (event.kind === 'effect') fleet.observe(event.stream.id, event.effect, event.atMs);
  else if (event.kind === 'streamClosed') fleet.disconnected(event.stream.id, event.atMs);
}

async function startWithStatus(): Promise<RunningServer & { readonly fleet: Fleet }> {
  const fleet = new Fleet({ clock: systemClock });
  const running = await startXdsServer(
    some,
    {},
    { observe: event => feed(fleet, event), services: [new ClientStatusService(() => fleet.nodes())] },
  );
  return Object.assign(running, { fleet });
}

function request(fields: Parameters<typeof ClientStatusRequest.fromPartial>[0] = {}): Buffer {
  return Buffer.from(ClientStatusRequest.encode(ClientStatusRequest.fromPartial(fields)).finish());
}

/** The answers to requests on one stream. */
async function stream(client: XdsClient, requests: Buffer[]): Promise<ClientStatusResponse[]> {
  const call = client.raw(`${PATH}/StreamClientStatus`);
  const answers: ClientStatusResponse[] = [];
  call.on('error', () => undefined);
  call.on('data', (bytes: Buffer) => void answers.push(ClientStatusResponse.decode(bytes)));
  for (const bytes of requests) call.write(bytes);
  await waitFor('the answers', () => answers.length === requests.length);
  call.end();
  return answers;
}

describe('client status discovery', () => {
  it('tells of each node what it accepted, rejected and waits for', async () => {
    await using running = await startWithStatus();
    using client = new XdsClient(running.address, { id: 'edge-1', cluster: 'edge' });
    const xds = client.open('ads', 'sotw');
    xds.request(CLUSTER);
    xds.nack(await xds.next(), 'Error adding/updating cluster(s) bad-cluster: no \'"secretsecret"\'');
    using other = new XdsClient(running.address, { id: 'other-2' });
    const second = other.open('ads', 'delta');
    second.request(CLUSTER);
    await second.take();
    await waitFor('both', () => {
      const states = running.fleet.nodes().map(view => view.state);
      return states[0] === 'nacked' && states[1] === 'synced';
    });

    const [all, one] = await stream(client, [
      request(),
      request({ nodeMatchers: [{ nodeId: { matchPattern: { $case: 'prefix', value: 'other' } } }] }),
    ]);
    expect(all?.config.map(config => config.node?.id)).to.deep.equal(['edge-1', 'other-2']);
    expect(one?.config.map(config => config.node?.id)).to.deep.equal(['other-2']);
    const [rejected] = all?.config[0]?.genericXdsConfigs ?? [];
    expect(rejected?.typeUrl).to.equal(CLUSTER);
    expect(rejected?.configStatus).to.equal(ConfigStatus.ERROR);
    expect(rejected?.errorState?.details).to.contain('bad-cluster');
    expect(JSON.stringify(all)).not.to.contain('secretsecret');
    expect(one?.config[0]?.genericXdsConfigs[0]?.configStatus).to.equal(ConfigStatus.SYNCED);
  });

  it('leaves out nodes that left', async () => {
    await using running = await startWithStatus();
    using client = new XdsClient(running.address);
    const xds = client.open('ads', 'sotw');
    xds.request(CLUSTER);
    await xds.take();
    xds.call.cancel();
    await waitFor('the end', () => running.fleet.node('edge-1')?.disconnectedAtMs !== undefined);
    const [answer] = await stream(client, [request()]);
    expect(answer?.config).to.deep.equal([]);
  });

  it('answers the unary method, and refuses garbage and matchers it does not run', async () => {
    await using running = await startWithStatus();
    using client = new XdsClient(running.address);
    expect((await client.unary(`${PATH}/FetchClientStatus`, request())).code).to.equal(status.OK);
    const refused = [
      Buffer.from([0xff]),
      request({
        nodeMatchers: [{ nodeId: { matchPattern: { $case: 'safeRegex', value: { regex: '(a+)+$' } } } }],
      }),
      request({ nodeMatchers: [{ nodeMetadatas: [{ path: [{ segment: { $case: 'key', value: 'k' } }] }] }] }),
    ];
    for (const bytes of refused) {
      expect((await client.unary(`${PATH}/FetchClientStatus`, bytes)).code).to.equal(status.INVALID_ARGUMENT);
    }
  });
});
