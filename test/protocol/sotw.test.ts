import { expect } from 'chai';
import { initialStream } from '../../src/protocol/stream-state.ts';
import { step } from '../../src/protocol/stream.ts';
import { ENDPOINTS, ROUTE, type TypeUrl } from '../../src/resources/type-url.ts';
import { resource, snapshot } from '../support/resources.ts';

/** Names in the responses to a growing list of names. */
function answersTo(typeUrl: TypeUrl, lists: readonly (readonly string[])[]): string[][] {
  const published = snapshot(['a', 'b'].map(name => resource(typeUrl, name)));
  let { state } = step(initialStream({ variant: 'sotw', ads: true }), {
    kind: 'snapshot',
    snapshot: published,
  });
  const answers: string[][] = [];
  let nonce = '';
  for (const names of lists) {
    const next = step(state, {
      kind: 'request',
      request: { variant: 'sotw', typeUrl, nonce, version: '', names },
    });
    ({ state } = next);
    for (const effect of next.effects) {
      if (effect.kind !== 'send') continue;
      answers.push(effect.update.resources.map(({ name }) => name));
      ({ nonce } = effect);
    }
  }
  return answers;
}

describe('a list of names in SotW', () => {
  it('is answered with what is new in it', () => {
    expect(answersTo(ENDPOINTS, [['a'], ['a'], ['a', 'b'], ['a', 'b']])).to.deep.equal([['a'], ['b']]);
  });

  it('is answered in full for route configurations when it grows: one may have been dropped meanwhile', () => {
    const answers = answersTo(ROUTE, [['a'], ['a'], ['a', 'b'], ['a', 'b']]);
    expect(answers.map(names => names.sort())).to.deep.equal([['a'], ['a', 'b']]);
  });
});
