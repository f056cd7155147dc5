import { expect } from 'chai';
import { OverlaidSource } from '../../src/publishing/overlaid-source.ts';
import type { NodeIdentity } from '../../src/resources/node.ts';
import { makeSnapshot, type Snapshot } from '../../src/resources/snapshot.ts';

const NODE: NodeIdentity = { id: 'a', cluster: '', metadata: {} };
const snapshot = (pinnedVersion: string): Snapshot => makeSnapshot(['a.yaml'], new Map(), { pinnedVersion });
const marked =
  (mark: string) =>
  (plain: Snapshot): Snapshot =>
    snapshot(`${plain.pinnedVersion ?? ''}${mark}`);

/** One node, whose snapshot is given by hand. */
class Source {
  readonly streams = new Set<(snapshot: Snapshot) => void>();
  current: Snapshot | undefined;

  join(_node: NodeIdentity, onSnapshot: (snapshot: Snapshot) => void): Disposable {
    this.streams.add(onSnapshot);
    if (this.current !== undefined) onSnapshot(this.current);
    return { [Symbol.dispose]: () => void this.streams.delete(onSnapshot) };
  }

  give(next: Snapshot): void {
    this.current = next;
    for (const stream of this.streams) stream(next);
  }
}

describe('OverlaidSource', () => {
  it('gives each snapshot with what lies over it, and again when that changes', () => {
    const source = new Source();
    const overlaid = new OverlaidSource(source, marked('+1'));
    const given: (string | undefined)[] = [];
    const membership = overlaid.join(NODE, ({ pinnedVersion }) => given.push(pinnedVersion));
    expect(given).to.deep.equal([]);
    source.give(snapshot('a'));
    overlaid.change(marked('+2'));
    source.give(snapshot('b'));
    expect(given).to.deep.equal(['a+1', 'a+2', 'b+2']);
    membership[Symbol.dispose]();
    overlaid.change(marked('+3'));
    source.give(snapshot('c'));
    expect(given).to.have.length(3);
    expect(source.streams.size).to.equal(0);
  });

  it('gives nothing anew that is the same as before', () => {
    const source = new Source();
    source.current = snapshot('a');
    const overlaid = new OverlaidSource(source, plain => plain);
    let calls = 0;
    overlaid.join(NODE, () => calls++);
    overlaid.change(plain => plain);
    overlaid.change(plain => snapshot(plain.pinnedVersion ?? ''));
    expect(calls).to.equal(1);
  });

  it('lets streams join and leave while it tells of a change', () => {
    const source = new Source();
    source.current = snapshot('a');
    const overlaid = new OverlaidSource(source, marked('+1'));
    const memberships: Disposable[] = [];
    const calls: string[] = [];
    for (const name of ['x', 'y']) {
      memberships.push(
        overlaid.join(NODE, () => {
          calls.push(name);
          if (calls.length === 3) memberships[1]?.[Symbol.dispose]();
        }),
      );
    }
    overlaid.change(marked('+2'));
    expect(calls).to.deep.equal(['x', 'y', 'x']);
  });
});
