import { expect } from 'chai';
import fc from 'fast-check';
import type { KeyHolder } from '../../../src/tokens/keys/key-holder.ts';
import {
  applyKeyEffect,
  stepKeys,
  type KeyEvent,
  type KeyLine,
} from '../../../src/tokens/keys/key-rotation.ts';
import { isLive, type SigningKey } from '../../../src/tokens/keys/signing-key.ts';

const LINE: KeyLine = { use: 'jwt', algorithm: 'ES256', rotateEveryMs: 1_000, longestTokenMs: 300 };
const RUNS = process.env['PROVE'] === '1' ? 100_000 : 1_000;

/** Proxies that have not got the pending key; they get it by `deliver`. */
interface World {
  nowMs: number;
  keys: readonly SigningKey[];
  /** By proxy: the kids that it trusts. */
  readonly trust: Map<string, ReadonlySet<string>>;
  /** Until when a token of the kid is valid. */
  readonly tokens: Map<string, number>;
  made: number;
}

type Command =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'deliver'; readonly proxy: string }
  | { readonly kind: 'mint' }
  | { readonly kind: 'rotate' }
  | { readonly kind: 'compromise'; readonly pick: number };

const PROXIES = ['edge-1', 'edge-2', 'edge-3'];

const commands = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ kind: fc.constant('deliver' as const), proxy: fc.constantFrom(...PROXIES) }),
    fc.record({ kind: fc.constant('mint' as const) }),
    fc.record({ kind: fc.constant('rotate' as const) }),
    fc.record({ kind: fc.constant('compromise' as const), pick: fc.nat(3) }),
  ),
  { maxLength: 60 },
);

function published(world: World): ReadonlySet<string> {
  return new Set(world.keys.filter(isLive).map(({ kid }) => kid));
}

function holdersOf(world: World): ReadonlyMap<string, readonly KeyHolder[]> {
  return new Map(
    world.keys.map(({ kid }) => {
      const nodes = PROXIES.filter(proxy => world.trust.get(proxy)?.has(kid) !== true);
      return [kid, nodes.length === 0 ? [] : [{ reason: 'not accepted', nodes }]];
    }),
  );
}

function apply(world: World, event: KeyEvent): void {
  for (const effect of stepKeys(LINE, world.keys, event, world.nowMs).effects) {
    if (effect.kind === 'generate') {
      const kid = `k${++world.made}`;
      const key: SigningKey = {
        kid,
        use: 'jwt',
        algorithm: 'ES256',
        state: 'pending',
        createdMs: world.nowMs,
      };
      world.keys = [...world.keys, key];
      continue;
    }
    if (effect.kind === 'activate' && event.kind !== 'force') {
      // The promise: whoever is connected trusts a key before it signs.
      for (const proxy of PROXIES) expect(world.trust.get(proxy)?.has(effect.kid)).to.equal(true);
    }
    if (effect.kind === 'end' && effect.state === 'retired') {
      expect(world.tokens.get(effect.kid) ?? 0).to.be.at.most(world.nowMs);
    }
    world.keys = world.keys.map(key =>
      key.kid === effect.kid ? applyKeyEffect(key, effect, world.nowMs) : key,
    );
    expect(world.keys.filter(({ state }) => state === 'active').length).to.be.at.most(1);
    expect(world.keys.filter(({ state }) => state === 'pending').length).to.be.at.most(1);
  }
}

function run(world: World, command: Command): void {
  switch (command.kind) {
    case 'wait':
      world.nowMs += command.ms;
      break;
    case 'deliver':
      world.trust.set(command.proxy, published(world));
      break;
    case 'mint': {
      const active = world.keys.find(({ state }) => state === 'active');
      if (active === undefined) break;
      world.tokens.set(active.kid, world.nowMs + LINE.longestTokenMs);
      // No spurious refusal: a key that signs is trusted everywhere, however long ago a proxy got its keys.
      for (const proxy of PROXIES) expect(world.trust.get(proxy)?.has(active.kid)).to.equal(true);
      break;
    }
    case 'rotate':
      apply(world, { kind: 'rotate', holders: holdersOf(world) });
      break;
    case 'compromise': {
      const kid = world.keys[command.pick % Math.max(1, world.keys.length)]?.kid ?? '';
      apply(world, { kind: 'compromise', kid });
      expect(published(world).has(kid)).to.equal(false);
    }
  }
  apply(world, { kind: 'tick', holders: holdersOf(world) });
}

describe('stepKeys', () => {
  it('lets a key sign only when every proxy has it, and retires it only when its tokens have expired', () => {
    fc.assert(
      fc.property(commands, list => {
        const world: World = { nowMs: 1, keys: [], trust: new Map(), tokens: new Map(), made: 0 };
        for (const command of list) run(world, command);
        // Nothing is stuck: once everybody has the keys, there is one that signs and one that waits.
        for (let round = 0; round < 4; round++) {
          for (const proxy of PROXIES) run(world, { kind: 'deliver', proxy });
        }
        expect(world.keys.filter(({ state }) => state === 'active')).to.have.length(1);
        expect(world.keys.filter(({ state }) => state === 'pending')).to.have.length(1);
      }),
      { numRuns: RUNS },
    );
  });
});
