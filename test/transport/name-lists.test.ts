import { expect } from 'chai';
import fc from 'fast-check';
import { DiscoveryRequest } from '../../src/gen/envoy/service/discovery/v3/discovery.ts';
import { CLUSTER } from '../../src/resources/type-url.ts';
import { decodeRequest } from '../../src/transport/decode-request.ts';
import { NameLists } from '../../src/transport/name-lists.ts';

const TAG = 0x1a;

function request(resourceNames: readonly string[]): Uint8Array {
  return DiscoveryRequest.encode(
    DiscoveryRequest.fromPartial({ resourceNames: [...resourceNames], typeUrl: CLUSTER, responseNonce: '1' }),
  ).finish();
}

function namesOf(message: Uint8Array, lists: NameLists): readonly string[] {
  const rules = {
    variant: 'sotw',
    impliedTypeUrl: undefined,
    maxNames: 1_000,
    maxNameBytes: 4_096,
    lists,
  } as const;
  const decoded = decodeRequest(message, rules);
  if (decoded.kind === 'refused' || decoded.request.variant !== 'sotw') throw new Error('no request');
  return decoded.request.names;
}

/** Names that begin alike and lists that go on where others end, so that a wrong list would be found if one could be. */
const similarLists = fc.array(
  fc.array(
    fc.constantFrom(
      '',
      'a',
      'aa',
      'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
      'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab',
      '*',
    ),
    {
      maxLength: 6,
    },
  ),
  { minLength: 1, maxLength: 30 },
);

describe('NameLists', () => {
  it('gives every request the names that it carries, whatever was read before', () => {
    fc.assert(
      fc.property(similarLists, lists => {
        const shared = new NameLists();
        for (const names of lists) {
          expect(namesOf(request(names), shared)).to.deep.equal(names);
          expect(namesOf(request(names), new NameLists())).to.deep.equal(names);
        }
      }),
    );
  });

  it('gives equal lists as one object', () => {
    const lists = new NameLists();
    const first = namesOf(request(['a', 'b']), lists);
    expect(namesOf(request(['a', 'b']), lists)).to.equal(first);
    expect(namesOf(request(['a', 'b', 'c']), lists)).not.to.equal(first);
  });

  it('forgets what was not used for the longest time when it holds too much', () => {
    const lists = new NameLists({ maxBytes: 2_000, maxListBytes: 100 });
    const remembered = (name: string): boolean => {
      const message = request([name, name]);
      return namesOf(message, lists) === namesOf(message, lists);
    };
    const [used, unused] = [request(['used'.repeat(5)]), request(['unused'.repeat(5)])];
    const [first, forgotten] = [namesOf(used, lists), namesOf(unused, lists)];
    for (let index = 0; index < 20; index++) {
      expect(remembered(`other-${index}`.repeat(2))).to.equal(true);
      expect(namesOf(used, lists)).to.equal(first);
    }
    expect(namesOf(unused, lists)).not.to.equal(forgotten);
  });

  it('counts what a short list costs beside its bytes', () => {
    const lists = new NameLists({ maxBytes: 100_000, maxListBytes: 100 });
    const first = namesOf(request(['name-0']), lists);
    // Together 20 kB of requests.
    for (let index = 1; index < 2_000; index++) namesOf(request([`name-${index}`]), lists);
    expect(namesOf(request(['name-0']), lists)).not.to.equal(first);
  });

  it('does not remember a list that is too large', () => {
    const lists = new NameLists({ maxBytes: 200, maxListBytes: 20 });
    const message = request(['a name that is longer than that']);
    expect(namesOf(message, lists)).not.to.equal(namesOf(message, lists));
  });

  it('finds nothing where another tag begins', () => {
    const lists = new NameLists();
    lists.remember(Buffer.from([TAG, 1, 97]), 0, 3, ['a']);
    expect(namesOf(request([]), lists)).to.deep.equal([]);
  });
});
