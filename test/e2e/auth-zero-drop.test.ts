import { expect } from 'chai';
import { ChainLoad, type ChainAnswer } from '../support/chain-load.ts';
import { ChainWorld } from '../support/chain-world.ts';
import { testClaims } from '../support/auth-snapshot.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { EchoUpstream, LongGrpcStream, LongWebsocket, startGrpcEcho } from '../support/long-streams.ts';
import { HttpClient } from '../support/http-client.ts';
import { ProxyEnvironment } from '../support/proxy-environment.ts';
import { waitFor } from '../support/wait-for.ts';

const PROVE = process.env['PROVE'] === '1';
const EDITS = PROVE ? 1_000 : 25;
const ROTATIONS = PROVE ? 100 : 4;
const CONNECTIONS = PROVE ? 100 : 20;
const PAUSE_MS = PROVE ? 60 : 20;
/** From the save of a file to its decision on open connections. */
const FLIP_LIMIT_MS = 1_000;

for (const bootstrap of ['ads-delta', 'ads-sotw']) {
  describe(`edits of auth chains with a real Envoy (${bootstrap})`, function () {
    this.timeout(PROVE ? 3_600_000 : 120_000);
    this.bail(true);
    const world = new ChainWorld(7);
    const stack = new AsyncDisposableStack();
    let environment: ProxyEnvironment;
    let upstream: EchoUpstream;
    let grpcPort: number;
    let port: number;
    let load: ChainLoad;
    let websocket: LongWebsocket;
    let grpc: LongGrpcStream;
    const flipsMs: number[] = [];

    const file = () => world.file(port, upstream.port, grpcPort);

    /** Saves and waits until an answer shows it. */
    async function save(what: string, shows: (answer: ChainAnswer) => boolean): Promise<void> {
      await environment.snapshots.write('edge.yaml', file());
      const savedMs = Date.now();
      let seenMs: number | undefined;
      await waitFor(
        `${what} to be in force; violations: ${load.violations.slice(0, 3).join('; ')}`,
        () => (seenMs = load.firstAfter(savedMs, shows)) !== undefined,
        20_000,
      );
      flipsMs.push((seenMs ?? savedMs) - savedMs);
    }

    async function expectNothingBroken(): Promise<void> {
      expect(load.violations.slice(0, 5)).to.deep.equal([]);
      expect(websocket.isClosed, 'the websocket was cut').to.equal(false);
      expect(grpc.isClosed, 'the gRPC stream was cut').to.equal(false);
      expect(await websocket.echo('ping'), 'the websocket answers').to.equal(true);
      expect(await grpc.echo('ping'), 'the gRPC stream answers').to.equal(true);
      expect(await environment.envoy.stat('listener_manager.total_listeners_draining')).to.equal(0);
    }

    before(async () => {
      upstream = stack.use(await EchoUpstream.start());
      const echo = stack.use(await startGrpcEcho());
      grpcPort = echo.port;
      port = await freePort();
      environment = stack.use(
        await ProxyEnvironment.start({
          bootstrap,
          // As in production: at its end Envoy cuts what is still open, which may cross a request.
          drainTimeS: 600,
          files: { 'jwks.json': world.keySet(), 'edge.yaml': file() },
        }),
      );
      const client = stack.use(new HttpClient(port));
      const token = world.tokenOf('both') ?? '';
      await waitFor('the first answer', async () => (await client.status({ path: '/r0/x', token })) === 200);
      websocket = stack.use(await LongWebsocket.open(port, '/ws', token));
      grpc = stack.use(await LongGrpcStream.open(port, '/grpc/echo', token));
      load = stack.use(
        new ChainLoad({
          port,
          connections: CONNECTIONS,
          pauseMs: PAUSE_MS,
          paths: world.paths,
          tokenOf: caller => world.tokenOf(caller),
        }),
      );
    });

    after(async () => {
      await stack.disposeAsync();
    });

    it(`refuse no valid request and let none in, while chains are edited, added, renamed and withdrawn and routes move (${EDITS} edits)`, async () => {
      for (let edit = 1; edit <= EDITS; edit++) {
        const { what, path, chain, revision } = world.edit();
        await save(
          `edit ${edit} (${what} ${chain} ${revision})`,
          answer => answer.path === path && answer.passedChain === chain && answer.revision === revision,
        );
        if (load.violations.length > 0) break;
      }
      await expectNothingBroken();
      expect(load.closed, 'connections that Envoy asked to close').to.equal(0);
    });

    it(`cut no connection while keys are rotated (${ROTATIONS} times)`, async () => {
      for (let rotation = 0; rotation < ROTATIONS; rotation++) {
        const next = world.addKey();
        await environment.snapshots.write('jwks.json', world.keySet());
        const probe = next.sign(testClaims({ groups: ['even', 'odd'] }));
        using client = new HttpClient(port);
        await waitFor(
          'the new key',
          async () => (await client.status({ path: '/r0/x', token: probe })) === 200,
        );
        // The old key stays until every sender has a new token.
        world.signer = next;
        const before = load.requests;
        await waitFor('every sender', () => load.requests >= before + 2 * CONNECTIONS);
        world.dropKey();
        await environment.snapshots.write('jwks.json', world.keySet());
      }
      await expectNothingBroken();
      expect(load.closed, 'connections that Envoy asked to close').to.equal(0);
    });

    it('fail no request when a listener and a chain change in one save', async () => {
      for (let change = 0; change < (PROVE ? 20 : 2); change++) {
        world.listenerRevision++;
        const { what, path, chain, revision } = world.edit();
        await save(
          `listener and ${what}`,
          answer => answer.path === path && answer.passedChain === chain && answer.revision === revision,
        );
      }
      await expectNothingBroken();
    });

    it(`take effect on open connections within ${FLIP_LIMIT_MS} ms of the save`, () => {
      const sorted = flipsMs.toSorted((a, b) => a - b);
      const max = sorted.at(-1) ?? Infinity;
      if (PROVE) {
        const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
        console.log(`    ${bootstrap}: ${load.requests} requests, flips median ${median} ms, max ${max} ms`);
      }
      expect(sorted.length).to.be.at.least(EDITS);
      expect(max).to.be.below(FLIP_LIMIT_MS);
      environment.assertClean();
    });
  });
}
