import { expect } from 'chai';
import fc from 'fast-check';
import { Fleet } from '../../src/fleet/fleet.ts';
import { CLUSTER } from '../../src/resources/type-url.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { resource } from '../support/resources.ts';

const STREAMS = ['1', '2', '3', '4'];
const NODES = ['a', 'b'];

type Move =
  | { readonly kind: 'connect'; readonly stream: string; readonly node: string }
  | { readonly kind: 'disconnect'; readonly stream: string }
  | { readonly kind: 'send' | 'ack' | 'nack'; readonly stream: string };

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    kind: fc.constant('connect' as const),
    stream: fc.constantFrom(...STREAMS),
    node: fc.constantFrom(...NODES),
  }),
  fc.record({ kind: fc.constant('disconnect' as const), stream: fc.constantFrom(...STREAMS) }),
  fc.record({ kind: fc.constantFrom('send', 'ack', 'nack'), stream: fc.constantFrom(...STREAMS) }),
);

/** What one open stream should look like: SotW with one response in flight. */
interface Model {
  readonly node: string;
  nonce: number;
  inFlight: boolean;
  state: 'waiting' | 'pending' | 'synced' | 'nacked' | undefined;
}

describe('a fleet', () => {
  it('agrees with a simple model of open streams, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), moves => {
        const clock = new FakeClock();
        const fleet = new Fleet({ clock });
        const model = new Map<string, Model>();
        for (const step of moves) apply(fleet, model, clock, step);
        for (const node of NODES) {
          const streams = [...model].filter(([, stream]) => stream.node === node);
          const view = fleet.node(node);
          expect(view?.streams.map(stream => stream.streamId).sort() ?? []).to.deep.equal(
            streams.map(([id]) => id).sort(),
          );
          const states = streams.flatMap(([, stream]) => stream.state ?? []);
          const counts = view?.streams.length === 0 ? undefined : view?.types[0]?.streams;
          for (const state of ['waiting', 'pending', 'synced', 'nacked'] as const) {
            expect(counts?.[state] ?? 0, state).to.equal(states.filter(entry => entry === state).length);
          }
        }
      }),
    );
  });
});

function apply(fleet: Fleet, model: Map<string, Model>, clock: FakeClock, step: Move): void {
  const known = model.get(step.stream);
  if (step.kind === 'connect') {
    if (known !== undefined) return;
    model.set(step.stream, { node: step.node, nonce: 0, inFlight: false, state: undefined });
    const stream = { streamId: step.stream, api: 'ads', variant: 'sotw', peer: '', openedAtMs: 0 } as const;
    fleet.connected(stream, { id: step.node, cluster: '', metadata: {} });
    return;
  }
  if (step.kind === 'disconnect') {
    model.delete(step.stream);
    fleet.disconnected(step.stream, clock.nowMs());
    return;
  }
  if (known === undefined || known.inFlight === (step.kind === 'send')) return;
  known.inFlight = step.kind === 'send';
  if (step.kind === 'send') known.nonce += 1;
  const nonce = String(known.nonce);
  const common = { typeUrl: CLUSTER, nonce };
  const resources = [resource(CLUSTER, 'x', nonce)];
  if (step.kind === 'send') {
    if (known.state !== 'nacked') known.state = 'pending';
    const update = {
      variant: 'sotw',
      typeUrl: CLUSTER,
      versionInfo: nonce,
      resources,
      removed: [],
      bodiless: [],
    } as const;
    fleet.observe(step.stream, { kind: 'send', ...common, update }, clock.nowMs());
  } else if (step.kind === 'ack') {
    known.state = 'synced';
    fleet.observe(step.stream, { kind: 'acked', ...common, versionInfo: nonce }, clock.nowMs());
  } else {
    known.state = 'nacked';
    const rejection = { code: 3, message: 'no' };
    fleet.observe(
      step.stream,
      { kind: 'nacked', ...common, versionInfo: nonce, rejection, resources },
      clock.nowMs(),
    );
  }
}
