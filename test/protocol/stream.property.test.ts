import { expect } from 'chai';
import fc from 'fast-check';
import type { Effect } from '../../src/protocol/effect.ts';
import { initialStream } from '../../src/protocol/stream-state.ts';
import { step } from '../../src/protocol/stream.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { resourcesOf, type Snapshot } from '../../src/resources/snapshot.ts';
import { CLUSTER, ENDPOINTS, LISTENER, ROUTE, type TypeUrl } from '../../src/resources/type-url.ts';
import { arbitraryMoves, arbitrarySnapshot, BAD, type Move } from './arbitrary-fleet.ts';
import { arbitraryEvent } from './arbitrary-events.ts';
import { EnvoyModel } from './envoy-model.ts';
import { withFreshSets } from './fresh-sets.ts';
import { Link } from './link.ts';

/** Long in `npm run prove`, short in `npm test`. */
const runs = process.env['PROVE'] === '1' ? 25_000 : 1_000;
const variants = ['sotw', 'delta'] as const;
const modelTypes = [CLUSTER, ENDPOINTS, LISTENER, ROUTE];

function play(link: Link, moves: readonly Move[]): Snapshot | undefined {
  let last: Snapshot | undefined;
  for (const move of moves) {
    switch (move.kind) {
      case 'publish':
        last = move.snapshot;
        link.publish(move.snapshot);
        break;
      case 'toServer':
        link.toServer();
        break;
      case 'toClient':
        link.toClient();
        break;
      case 'reconnect':
        link.reconnect();
        break;
      case 'settle':
        link.settle();
        break;
      case 'expire': {
        const typeUrl = link.held[move.which];
        if (typeUrl !== undefined) link.expire(typeUrl);
        break;
      }
    }
  }
  return last;
}

/** name → version of what a client holds. */
function contents(resources: Iterable<Resource>): Record<string, string> {
  return Object.fromEntries(
    [...resources].map((entry): [string, string] => [entry.name, entry.version]).sort(),
  );
}

/** What a client of a consistent snapshot ends up with: everything of CDS and LDS, of the others what those name. */
function expected(snapshot: Snapshot, typeUrl: TypeUrl): Record<string, string> {
  const all = resourcesOf(snapshot, typeUrl);
  if (typeUrl === CLUSTER || typeUrl === LISTENER) return contents(all.byName.values());
  const [users, kind] =
    typeUrl === ENDPOINTS ? ([CLUSTER, 'endpoints'] as const) : ([LISTENER, 'route'] as const);
  const named = [...resourcesOf(snapshot, users).byName.values()]
    .flatMap(user => user.references)
    .filter(reference => reference.kind === kind)
    .flatMap(reference => all.find(reference.name) ?? []);
  return contents(named);
}

function settleWithTimeouts(link: Link): void {
  link.settle();
  for (let i = 0; i < 10 && link.held.length > 0; i++) {
    for (const typeUrl of link.held) link.expire(typeUrl);
    link.settle();
  }
}

function expectConverged(link: Link, snapshot: Snapshot): void {
  for (const typeUrl of modelTypes) {
    expect(contents(link.client.has(typeUrl).values()), typeUrl).to.deep.equal(expected(snapshot, typeUrl));
  }
}

/** Whatever the client has of the snapshot, it has in the version there; it may not have asked for everything yet. */
function expectCurrent(link: Link, snapshot: Snapshot): void {
  for (const typeUrl of modelTypes) {
    const offered = resourcesOf(snapshot, typeUrl);
    for (const { name, version } of link.client.has(typeUrl).values()) {
      expect(version, name).to.equal(offered.find(name)?.version ?? version);
    }
  }
}

for (const variant of variants) {
  describe(`${variant} stream, whatever the order of messages`, function () {
    this.timeout(process.env['PROVE'] === '1' ? 1_800_000 : 60_000);

    it('gives the client exactly what it asks for in the newest snapshot, without any timeout', () => {
      fc.assert(
        fc.property(arbitraryMoves(), moves => {
          const link = new Link(new EnvoyModel(variant));
          const last = play(link, moves);
          link.settle();
          if (last !== undefined) expectConverged(link, last);
          expect(link.held).to.deep.equal([]);
        }),
        { numRuns: runs },
      );
    });

    it('never leaves a route in use without its cluster', () => {
      fc.assert(
        fc.property(arbitraryMoves(), moves => {
          const link = new Link(new EnvoyModel(variant));
          play(link, moves);
          link.settle();
          expect(link.client.outages).to.deep.equal([]);
        }),
        { numRuns: runs },
      );
    });

    it('converges over reconnects and timeouts', () => {
      fc.assert(
        fc.property(arbitraryMoves({ reconnects: true, timeouts: true }), moves => {
          const link = new Link(new EnvoyModel(variant));
          const last = play(link, moves);
          settleWithTimeouts(link);
          if (last !== undefined) expectConverged(link, last);
        }),
        { numRuns: runs },
      );
    });

    it('recovers by the next good snapshot from any rejection', () => {
      fc.assert(
        fc.property(
          arbitraryMoves({ badContent: true, timeouts: true }),
          arbitrarySnapshot(),
          (moves, good) => {
            const link = new Link(new EnvoyModel(variant, entry => isBad(entry)));
            play(link, moves);
            link.settle();
            link.publish(good);
            link.settle();
            expectConverged(link, good);
          },
        ),
        { numRuns: runs },
      );
    });

    it('corrects a client that rejected something and comes back when the content went back to what it accepted', () => {
      fc.assert(
        fc.property(arbitrarySnapshot(), arbitrarySnapshot(true), (good, bad) => {
          const link = new Link(new EnvoyModel(variant, entry => isBad(entry)));
          for (const snapshot of [good, bad]) {
            link.publish(snapshot);
            link.settle();
          }
          link.reconnect(good);
          settleWithTimeouts(link);
          expectConverged(link, good);
        }),
        { numRuns: runs },
      );
    });

    it('sends nothing for an equal snapshot or an ACK', () => {
      fc.assert(
        fc.property(arbitraryMoves(), moves => {
          const link = new Link(new EnvoyModel(variant));
          const last = play(link, moves);
          link.settle();
          if (last === undefined) return;
          const before = link.sent.length;
          link.publish(withFreshSets(last));
          link.settle();
          expect(link.sent.length).to.equal(before);
        }),
        { numRuns: runs },
      );
    });

    it('does not send a rejected version again until something changes', () => {
      fc.assert(
        fc.property(arbitraryMoves({ badContent: true }), moves => {
          const link = new Link(new EnvoyModel(variant, entry => isBad(entry)));
          const last = play(link, moves);
          link.settle();
          const before = link.sent.length;
          if (last !== undefined) link.publish(withFreshSets(last));
          for (const typeUrl of link.held) link.expire(typeUrl);
          link.settle();
          expect(link.sent.length - before).to.equal(0);
        }),
        { numRuns: runs },
      );
    });

    it('lets LDS and RDS follow only an accepted CDS', () => {
      fc.assert(
        fc.property(arbitraryMoves(), moves => {
          const link = new Link(new EnvoyModel(variant));
          play(link, moves);
          link.settle();
          expectOrder(link.effects);
        }),
        { numRuns: runs },
      );
    });

    it('goes on to the next stage only when the client has all of the one before, and reaches the last', () => {
      fc.assert(
        fc.property(
          arbitraryMoves(),
          fc.array(arbitrarySnapshot(), { minLength: 2, maxLength: 4 }),
          fc.boolean(),
          (moves, stages, isBrokenOff) => {
            const link = new Link(new EnvoyModel(variant));
            play(link, moves);
            link.settle();
            const left: Snapshot[] = [];
            link.onStageLeft = snapshot => {
              left.push(snapshot);
              expectCurrent(link, snapshot);
            };
            const [first, ...then] = stages;
            if (first === undefined) return;
            link.publish(first, then);
            // A newer snapshot takes the place of stages that did not come yet.
            const newest = isBrokenOff ? first : stages.at(-1);
            if (isBrokenOff) link.publish(first);
            link.settle();
            // Stages that bring nothing are passed in one step.
            expect(left).to.deep.equal(isBrokenOff ? [] : stages.filter(stage => left.includes(stage)));
            expect(link.state.pending).to.deep.equal([]);
            if (newest !== undefined) expectConverged(link, newest);
            expect(link.held).to.deep.equal([]);
          },
        ),
        { numRuns: runs },
      );
    });

    it('survives any sequence of events', () => {
      fc.assert(
        fc.property(fc.array(arbitraryEvent(variant), { maxLength: 60 }), events => {
          let state = initialStream({ variant, ads: true });
          for (const event of events) ({ state } = step(state, event));
          for (const subscription of state.subscriptions.values()) {
            expect(subscription.outstanding.length).to.be.at.most(64);
          }
        }),
        { numRuns: runs },
      );
    });
  });
}

describe('SotW and delta streams', function () {
  this.timeout(process.env['PROVE'] === '1' ? 1_800_000 : 60_000);

  it('end with the same resources after the same snapshots', () => {
    fc.assert(
      fc.property(fc.array(arbitrarySnapshot(), { minLength: 1, maxLength: 8 }), snapshots => {
        const ends = variants.map(variant => {
          const link = new Link(new EnvoyModel(variant));
          for (const published of snapshots) {
            link.publish(published);
            link.settle();
          }
          return modelTypes.map(typeUrl => contents(link.client.has(typeUrl).values()));
        });
        expect(ends[0]).to.deep.equal(ends[1]);
      }),
      { numRuns: runs },
    );
  });

  it('send every subscribed cluster and listener in each SotW response', () => {
    fc.assert(
      fc.property(arbitraryMoves(), moves => {
        const link = new Link(new EnvoyModel('sotw'));
        const last = play(link, moves);
        link.settle();
        if (last === undefined) return;
        for (const typeUrl of [CLUSTER, LISTENER]) {
          const newest = link.sent.filter(effect => effect.typeUrl === typeUrl).at(-1);
          expect(contents(newest?.update.resources ?? [])).to.deep.equal(expected(last, typeUrl));
        }
      }),
      { numRuns: runs },
    );
  });
});

function isBad(entry: Resource): boolean {
  return Buffer.from(entry.sotwFrame).includes(`=${BAD}`);
}

/** Between a CDS response and its ACK neither LDS nor RDS leaves. */
function expectOrder(effects: readonly Effect[]): void {
  const open = new Set<string>();
  for (const effect of effects) {
    if (effect.kind === 'send' && effect.typeUrl === CLUSTER) open.add(effect.nonce);
    if (effect.kind === 'acked' && effect.typeUrl === CLUSTER) {
      // Accepting a response settles those before it.
      for (const nonce of open) if (Number(nonce) <= Number(effect.nonce)) open.delete(nonce);
    }
    const gated = effect.kind === 'send' && (effect.typeUrl === LISTENER || effect.typeUrl === ROUTE);
    if (gated) expect([...open], `${effect.typeUrl} left while CDS was in flight`).to.deep.equal([]);
  }
}
