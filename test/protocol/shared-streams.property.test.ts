import { expect } from 'chai';
import fc from 'fast-check';
import type { StreamEvent } from '../../src/protocol/event.ts';
import type { StreamRequest } from '../../src/protocol/request.ts';
import { initialStream, type StreamState } from '../../src/protocol/stream-state.ts';
import { step } from '../../src/protocol/stream.ts';
import { UpdateEncoder } from '../../src/transport/update-encoder.ts';
import { arbitraryEvent } from './arbitrary-events.ts';
import { withFreshSets } from './fresh-sets.ts';

const runs = process.env['PROVE'] === '1' ? 20_000 : 500;
const STREAMS = 3;

/** What a stream has said: effects, and responses as they go over the wire. */
function said(
  state: StreamState,
  event: StreamEvent,
): { readonly state: StreamState; readonly words: string[] } {
  const { state: next, effects } = step(state, event);
  // A fresh one: what an encoder keeps for an update must not hide that the update is another one.
  const words = effects.map(effect =>
    effect.kind === 'send'
      ? `send ${new UpdateEncoder('r').encode(effect.update, effect.nonce).toMessage().toString('latin1')}`
      : `${effect.kind} ${effect.typeUrl}`,
  );
  return { state: next, words };
}

/** The event in objects that no other stream knows, so that nothing computed for others is found again. */
function alone(event: StreamEvent): StreamEvent {
  if (event.kind === 'snapshot') {
    return { ...event, snapshot: withFreshSets(event.snapshot), then: (event.then ?? []).map(withFreshSets) };
  }
  if (event.kind !== 'request') return event;
  return { kind: 'request', request: withFreshLists(event.request) };
}

function withFreshLists(request: StreamRequest): StreamRequest {
  return request.variant === 'sotw'
    ? { ...request, names: [...request.names] }
    : { ...request, subscribe: [...request.subscribe], unsubscribe: [...request.unsubscribe] };
}

for (const variant of ['sotw', 'delta'] as const) {
  describe(`${variant} streams that share what is computed`, function () {
    this.timeout(process.env['PROVE'] === '1' ? 1_800_000 : 60_000);

    it('say what each of them would say alone', () => {
      const moves = fc.array(fc.tuple(fc.nat(STREAMS - 1), arbitraryEvent(variant)), { maxLength: 30 });
      fc.assert(
        fc.property(moves, fc.boolean(), (sequence, ads) => {
          const first = { shared: initialStream({ variant, ads }), alone: initialStream({ variant, ads }) };
          const streams = Array.from({ length: STREAMS }, () => ({ ...first }));
          for (const [index, event] of sequence) {
            // Snapshots go to all streams, as one object; requests to one.
            for (const [number, stream] of streams.entries()) {
              if (event.kind !== 'snapshot' && number !== index) continue;
              const shared = said(stream.shared, event);
              const lonely = said(stream.alone, alone(event));
              expect(shared.words).to.deep.equal(lonely.words);
              streams[number] = { shared: shared.state, alone: lonely.state };
            }
          }
        }),
        { numRuns: runs },
      );
    });
  });
}
