import { expect } from 'chai';
import fc from 'fast-check';
import { stepRotation, type Rotation, type RotationEffect } from '../../src/certificates/ca-rotation.ts';
import { rotationHolders, type ServedSecret } from '../../src/certificates/rotation-holders.ts';

/** What a fleet would run: the roots that are trusted and the one that certificates come from. */
interface World {
  trusted: readonly number[];
  active: number;
  known: readonly number[];
}

function apply(world: World, effect: RotationEffect): World {
  switch (effect.kind) {
    case 'trust':
      return { ...world, trusted: effect.roots };
    case 'issueFrom':
      return { ...world, active: effect.root };
    case 'forget':
      return { ...world, known: world.known.filter(root => root !== effect.root) };
  }
}

describe('the rotation of a CA', () => {
  it('always trusts what certificates come from, and forgets nothing that is trusted', () => {
    const action = fc.constantFrom('start', 'advance', 'held', 'force', 'abort');
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), actions => {
        let rotation: Rotation | undefined;
        let world: World = { trusted: [1], active: 1, known: [1] };
        let next = 2;
        for (const kind of actions) {
          const holders = kind === 'held' || kind === 'force' ? [{ reason: 'x', nodes: ['a'] }] : [];
          const step =
            kind === 'start'
              ? stepRotation(rotation, { kind, from: world.active, to: next, nowMs: 0 })
              : kind === 'abort'
                ? stepRotation(rotation, { kind })
                : stepRotation(rotation, { kind: 'advance', holders, force: kind === 'force' });
          if (kind === 'held' && rotation !== undefined) expect(step.kind).to.equal('held');
          if (step.kind !== 'moved') continue;
          if (kind === 'start') world = { ...world, known: [...world.known, next++] };
          rotation = step.rotation;
          for (const effect of step.effects) {
            world = apply(world, effect);
            expect(world.trusted, 'the active root is trusted').to.include(world.active);
            expect(world.known, 'what is trusted is known').to.include.members([...world.trusted]);
          }
          if (rotation === undefined) expect(world.trusted).to.deep.equal([world.active]);
        }
      }),
      { numRuns: process.env['PROVE'] === undefined ? 2_000 : 100_000 },
    );
  });

  it('comes to an end by four steps that nobody holds up', () => {
    let step = stepRotation(undefined, { kind: 'start', from: 1, to: 2, nowMs: 5 });
    const stages: (string | undefined)[] = [];
    for (let turn = 0; turn < 4 && step.kind === 'moved'; turn++) {
      stages.push(step.rotation?.stage);
      step = stepRotation(step.rotation, { kind: 'advance', holders: [], force: false });
    }
    expect(stages).to.deep.equal(['distributing', 'issuing', 'withdrawing', undefined]);
    expect(step).to.deep.equal({ kind: 'refused', reason: 'no rotation is under way' });
  });
});

describe('who holds up a rotation', () => {
  const fingerprints = new Map([
    [1, new Set(['OLD', 'OLD-ISSUER'])],
    [2, new Set(['NEW', 'NEW-ISSUER'])],
  ]);
  const rotation = (stage: Rotation['stage']): Rotation => ({ stage, from: 1, to: 2, startedMs: 0 });
  const secret = (
    kind: ServedSecret['kind'],
    held: readonly string[],
    behind: readonly string[] = [],
  ): ServedSecret => ({ group: 'edge.yaml', name: kind, kind, fingerprints: held, behind });
  const reasons = (
    stage: Rotation['stage'],
    served: readonly ServedSecret[],
    root?: number,
  ): readonly string[] =>
    rotationHolders(rotation(stage), {
      served,
      issued: root === undefined ? [] : [{ name: 'edge-1', root }],
      fingerprints,
    }).map(({ reason, nodes }) => [reason, ...nodes].join(' '));

  it('is a bundle without the new root, a proxy that has not accepted it, or nobody to ask', () => {
    expect(reasons('distributing', [secret('trust', ['OLD'])])).to.deep.equal([
      'secret trust of edge.yaml does not have the new root yet',
    ]);
    expect(reasons('distributing', [secret('trust', ['OLD', 'NEW'], ['edge-1'])])).to.deep.equal([
      'secret trust of edge.yaml is not accepted yet edge-1',
    ]);
    expect(reasons('distributing', [secret('trust', ['OTHER'], ['edge-1'])])).to.have.length(1);
    expect(reasons('distributing', [secret('trust', ['OLD', 'NEW'])])).to.deep.equal([]);
  });

  it('is a certificate of the old root, issued or served, or one that is not accepted', () => {
    expect(reasons('issuing', [], 1)).to.deep.equal(['certificate edge-1 still comes from the old root']);
    expect(reasons('issuing', [secret('certificate', ['LEAF', 'OLD-ISSUER'])], 2)).to.deep.equal([
      'secret certificate of edge.yaml still comes from the old root',
    ]);
    expect(reasons('issuing', [secret('certificate', ['LEAF', 'NEW-ISSUER'], ['edge-1'])], 2)).to.deep.equal([
      'secret certificate of edge.yaml is not accepted yet edge-1',
    ]);
    expect(reasons('issuing', [secret('certificate', ['LEAF', 'NEW-ISSUER'])], 2)).to.deep.equal([]);
  });

  it('is a bundle that still has the old root at the end', () => {
    expect(reasons('withdrawing', [secret('trust', ['OLD', 'NEW'])])).to.deep.equal([
      'secret trust of edge.yaml still has the old root',
    ]);
    expect(reasons('withdrawing', [secret('trust', ['NEW'], ['edge-2'])])).to.deep.equal([
      'secret trust of edge.yaml is not accepted yet edge-2',
    ]);
    expect(reasons('withdrawing', [secret('trust', ['NEW'])])).to.deep.equal([]);
  });
});
