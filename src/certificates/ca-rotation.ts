/** Where a change of the root of a CA stands. */
export type RotationStage =
  /** Proxies get the new root beside the old one; certificates still come from the old. */
  | 'distributing'
  /** Certificates come from the new root; both are trusted. */
  | 'issuing'
  /** Only the new root is trusted; the old one is forgotten when every proxy has accepted that. */
  | 'withdrawing';

/** A change from one root to another, by their numbers. */
export interface Rotation {
  readonly stage: RotationStage;
  readonly from: number;
  readonly to: number;
  readonly startedMs: number;
}

/** Somebody for whom the next stage would be too early. */
export interface RotationHolder {
  /** What is not there yet, for an operator. */
  readonly reason: string;
  /** Ids of the proxies; empty when it is not a matter of proxies. */
  readonly nodes: readonly string[];
}

export type RotationEvent =
  | { readonly kind: 'start'; readonly from: number; readonly to: number; readonly nowMs: number }
  /** `force`: go on although there are holders. */
  | { readonly kind: 'advance'; readonly holders: readonly RotationHolder[]; readonly force: boolean }
  /** Go back to the old root. */
  | { readonly kind: 'abort' };

/** What is to be done before the new state counts. */
export type RotationEffect =
  | { readonly kind: 'trust'; readonly roots: readonly number[] }
  | { readonly kind: 'issueFrom'; readonly root: number }
  /** Delete the root, its keys and what came from it. */
  | { readonly kind: 'forget'; readonly root: number };

/** `refused` says why the event is not possible now; nothing changes then. */
export type RotationStep =
  | {
      readonly kind: 'moved';
      /** Undefined: no rotation is under way. */
      readonly rotation: Rotation | undefined;
      readonly effects: readonly RotationEffect[];
    }
  | { readonly kind: 'held'; readonly holders: readonly RotationHolder[] }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * One step of a rotation. At every moment the roots that are trusted include the one that certificates come from, and a root is only
 * issued from, or withdrawn, when nobody holds that up (or by force). Pure.
 */
export function stepRotation(rotation: Rotation | undefined, event: RotationEvent): RotationStep {
  switch (event.kind) {
    case 'start': {
      if (rotation !== undefined) return { kind: 'refused', reason: 'a rotation is under way' };
      const { from, to, nowMs } = event;
      return {
        kind: 'moved',
        rotation: { stage: 'distributing', from, to, startedMs: nowMs },
        effects: [{ kind: 'trust', roots: [from, to] }],
      };
    }
    case 'advance':
      if (rotation === undefined) return { kind: 'refused', reason: 'no rotation is under way' };
      if (event.holders.length > 0 && !event.force) return { kind: 'held', holders: event.holders };
      return advance(rotation);
    case 'abort':
      return rotation === undefined
        ? { kind: 'refused', reason: 'no rotation is under way' }
        : abort(rotation);
  }
}

function advance(rotation: Rotation): RotationStep {
  const { from, to } = rotation;
  switch (rotation.stage) {
    case 'distributing':
      return {
        kind: 'moved',
        rotation: { ...rotation, stage: 'issuing' },
        effects: [{ kind: 'issueFrom', root: to }],
      };
    case 'issuing':
      return {
        kind: 'moved',
        rotation: { ...rotation, stage: 'withdrawing' },
        effects: [{ kind: 'trust', roots: [to] }],
      };
    case 'withdrawing':
      return { kind: 'moved', rotation: undefined, effects: [{ kind: 'forget', root: from }] };
  }
}

function abort(rotation: Rotation): RotationStep {
  const { from, to } = rotation;
  switch (rotation.stage) {
    case 'distributing':
      return {
        kind: 'moved',
        rotation: undefined,
        effects: [
          { kind: 'trust', roots: [from] },
          { kind: 'forget', root: to },
        ],
      };
    case 'issuing':
      // Certificates of the new root are in use: they are replaced first, and only then its trust is withdrawn.
      return {
        kind: 'moved',
        rotation: { ...rotation, from: to, to: from },
        effects: [{ kind: 'issueFrom', root: from }],
      };
    case 'withdrawing':
      return {
        kind: 'refused',
        reason: 'the old root is withdrawn already; start a new rotation when this one is done',
      };
  }
}
