import type { NodeIdentity } from '../resources/node.ts';
import type { Snapshot } from '../resources/snapshot.ts';

/** Where snapshots come from, as streams see it. */
export interface Snapshots {
  /** Calls back at once when there is one, then whenever it changes. */
  join(node: NodeIdentity, onSnapshot: (snapshot: Snapshot) => void): Disposable;
}

interface Stream {
  snapshot: Snapshot | undefined;
  given: Snapshot | undefined;
  readonly onSnapshot: (snapshot: Snapshot) => void;
}

/** Snapshots with something laid over them that changes by itself, and not with the files. */
export class OverlaidSource implements Snapshots {
  readonly #source: Snapshots;
  #overlay: (snapshot: Snapshot) => Snapshot;
  /** In the order in which they joined, which is the order of calls. */
  readonly #streams = new Set<Stream>();

  constructor(source: Snapshots, overlay: (snapshot: Snapshot) => Snapshot) {
    this.#source = source;
    this.#overlay = overlay;
  }

  join(node: NodeIdentity, onSnapshot: (snapshot: Snapshot) => void): Disposable {
    const stream: Stream = { snapshot: undefined, given: undefined, onSnapshot };
    this.#streams.add(stream);
    const membership = this.#source.join(node, snapshot => {
      stream.snapshot = snapshot;
      this.#give(stream);
    });
    return {
      [Symbol.dispose]: () => {
        this.#streams.delete(stream);
        membership[Symbol.dispose]();
      },
    };
  }

  /** Lays something else over all snapshots, and tells the streams whose snapshot changes by that. */
  change(overlay: (snapshot: Snapshot) => Snapshot): void {
    this.#overlay = overlay;
    // A copy: callbacks may join and leave.
    for (const stream of [...this.#streams]) if (this.#streams.has(stream)) this.#give(stream);
  }

  /** A snapshot as streams get it. */
  overlaid(snapshot: Snapshot): Snapshot {
    return this.#overlay(snapshot);
  }

  #give(stream: Stream): void {
    if (stream.snapshot === undefined) return;
    const snapshot = this.#overlay(stream.snapshot);
    if (snapshot.version === stream.given?.version) return;
    stream.given = snapshot;
    stream.onSnapshot(snapshot);
  }
}
