import { ResourceSet } from '../resources/resource-set.ts';
import type { Resource } from '../resources/resource.ts';
import { NO_NAMES } from './name-set.ts';
import { placeholder } from './placeholder.ts';
import type { DeltaRequest } from './request.ts';
import { memoizePair } from './set-algebra.ts';

/** What a subscription may be given. */
export interface DeltaOffer {
  readonly available: ResourceSet;
  /** Names that are sent even if the client says to have them (see `ChangedNames`). */
  readonly doubtful: ReadonlySet<string>;
}

/**
 * What a client has of an earlier stream, as a set to compare with; the object of `wanted` when that is what it has. What is in doubt is taken to be
 * another version, so that it is sent again. Under a wildcard the client may also have what it does not tell of, because it rejected the response that
 * brought it: what is gone of that is removed.
 */
export function heldBefore(
  request: DeltaRequest,
  { available, doubtful }: DeltaOffer,
  wanted: ResourceSet,
  isWildcard: boolean,
): ResourceSet {
  const gone = isWildcard && doubtful.size > 0 ? goneOf(doubtful, available) : ResourceSet.EMPTY;
  const { initialVersions } = request;
  if (initialVersions.size === 0) return gone;
  const deviation = deviationOf(initialVersions, doubtful, wanted);
  if (deviation === undefined) return heldAlone(request, { available, doubtful }, gone);
  const { differing, missing } = deviation;
  if (differing.length === 0 && missing.length === 0 && gone.size === 0) return wanted;
  return heldLike(wanted, gone, deviation);
}

/** Undefined for one that differs too much. */
function deviationOf(
  claims: ReadonlyMap<string, string>,
  doubtful: ReadonlySet<string>,
  wanted: ResourceSet,
): Deviation | undefined {
  const differing: (readonly [name: string, version: string])[] = [];
  for (const [name, version] of claims) {
    if (wanted.byName.get(name)?.version !== version || doubtful.has(name)) differing.push([name, version]);
  }
  const missingCount = wanted.size - (claims.size - differing.length);
  if (differing.length > MAX_DIFFERING || missingCount > MAX_DIFFERING) return undefined;
  const missing: string[] = [];
  if (missingCount > 0) {
    for (const [name, { version }] of wanted.byName) {
      if (claims.get(name) !== version || doubtful.has(name)) missing.push(name);
    }
  }
  return { differing, missing };
}

/** With more than this a client is a case by itself. */
const MAX_DIFFERING = 100;

/** How a client differs from what is wanted. */
interface Deviation {
  /** What it says to have, and is not believed or in another version. */
  readonly differing: readonly (readonly [name: string, version: string])[];
  /** What it does not have as it is wanted. */
  readonly missing: readonly string[];
}

const alike = memoizePair<ResourceSet, ResourceSet, Map<string, ResourceSet>>(() => new Map());

/** One object for all clients that differ in the same way, as those do that were away during the same change. */
function heldLike(wanted: ResourceSet, gone: ResourceSet, { differing, missing }: Deviation): ResourceSet {
  const known = alike(wanted, gone);
  const key = JSON.stringify([differing, missing]);
  let held = known.get(key);
  if (held !== undefined) return held;
  const byName = new Map([...wanted.byName, ...gone.byName]);
  for (const name of missing) byName.delete(name);
  for (const [name, version] of differing) {
    byName.set(name, disbelieved(name, version, wanted.byName.get(name)));
  }
  held = new ResourceSet(byName);
  if (key.length > MAX_ALIKE_LENGTH) return held;
  if (known.size >= MAX_ALIKE) known.clear();
  known.set(key, held);
  return held;
}

/** Ways of differing that are remembered for a state, and how long the description of one may be: a client may make up any number. */
const MAX_ALIKE = 100;
const MAX_ALIKE_LENGTH = 16 * 1024;

/** What a client claims to have and is not taken to have as it is now. */
function disbelieved(name: string, version: string, current: Resource | undefined): Resource {
  return placeholder(name, version === current?.version ? '' : version);
}

/** For a client that has little of what is wanted. */
function heldAlone(
  { initialVersions }: DeltaRequest,
  { available, doubtful }: DeltaOffer,
  gone: ResourceSet,
): ResourceSet {
  const held = [...initialVersions].map(([name, version]) => {
    const current = available.byName.get(name);
    const isBelieved = current?.version === version && !doubtful.has(name);
    if (current !== undefined && isBelieved) return current;
    return disbelieved(name, version, current);
  });
  return ResourceSet.of([...gone.byName.values(), ...held]);
}

/** Names that are in doubt and not there (any more). One object for all streams. */
const goneOf = memoizePair((doubtful: ReadonlySet<string>, available: ResourceSet): ResourceSet => {
  const names = [...doubtful].filter(name => !available.byName.has(name));
  return ResourceSet.of(names.map(name => placeholder(name, '')));
});

/** Names that the client does not have as they are now; `names` itself when it has none of them. */
export function notHeld(
  names: ReadonlySet<string>,
  held: ResourceSet,
  available: ResourceSet,
): ReadonlySet<string> {
  if (held.size === 0 || names.size === 0) return names;
  const open = [...names].filter(name => {
    const [resource, current] = [held.find(name), available.find(name)];
    // What is gone is removed when nothing needs it any more.
    return resource === undefined || (current !== undefined && resource !== current);
  });
  if (open.length === names.size) return names;
  return open.length === 0 ? NO_NAMES : new Set(open);
}
