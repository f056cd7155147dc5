import type { SnapshotAuth } from '../resources/snapshot-auth.ts';

/**
 * A slot for every chain of `to` that is free for it in `from`, or holds it there already: its own one where that is so. There always
 * is one, because chains take at most half of the slots; only when `from` is an unfinished stage may slots run out, and then
 * those that its routes do not name are given away.
 */
export function intermediateSlots(
  from: Pick<SnapshotAuth, 'slots' | 'held'>,
  to: Pick<SnapshotAuth, 'slots' | 'held' | 'slotNames'>,
): ReadonlyMap<string, string> {
  const placed = new Map<string, string>();
  const displaced: string[] = [];
  for (const [chain, slot] of [...to.slots].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const holder = from.held.get(slot);
    if (holder === undefined || holder === chain) placed.set(chain, slot);
    else displaced.push(chain);
  }
  const wanted = new Set(to.slots.values());
  const named = new Set(from.slots.values());
  const free = to.slotNames.filter(slot => !wanted.has(slot) && !from.held.has(slot));
  const spare = to.slotNames.filter(slot => !wanted.has(slot) && from.held.has(slot) && !named.has(slot));
  const open = [...free, ...spare];
  for (const chain of displaced) {
    // Without any slot left the chain takes its own, and the guard refuses for a moment.
    const slot = open.shift() ?? to.slots.get(chain);
    if (slot !== undefined) placed.set(chain, slot);
  }
  return placed;
}
