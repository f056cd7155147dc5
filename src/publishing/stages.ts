import { renamedExtension } from '../resources/frame.ts';
import { ResourceSet } from '../resources/resource-set.ts';
import type { Resource } from '../resources/resource.ts';
import type { SnapshotAuth } from '../resources/snapshot-auth.ts';
import { makeSnapshot, resourcesOf, type Snapshot } from '../resources/snapshot.ts';
import { EXTENSION_CONFIG, ROUTE, VIRTUAL_HOST, type TypeUrl } from '../resources/type-url.ts';
import { intermediateSlots } from './intermediate-slots.ts';

/** Makes a route configuration or virtual host name other slots: old name → new name. Pure. */
export type RebindSlots = (resource: Resource, moves: ReadonlyMap<string, string>) => Resource;

/**
 * The snapshots by which a proxy gets from one to another without a moment in which a route names a slot that does not hold its chain. The
 * last one is `to`; each is to be accepted as a whole before the next is sent, and inside each the contents of slots (ECDS) go before the
 * routes (RDS). `from` may be a stage that was not finished. Pure.
 *
 * 1. The chains of `to` in slots that are free for them, beside all that `from` holds; the routes of `to`.
 * 2. Only if a chain had to take another slot than its own for that: the chains in both; the routes name the final ones.
 * 3. `to`, in which slots that no route names any more deny.
 */
export function publishingStages(
  from: Snapshot | undefined,
  to: Snapshot,
  rebind: RebindSlots,
): readonly Snapshot[] {
  if (from?.auth === undefined || to.auth === undefined || !hasSameSlots(from, to)) return [to];
  const slots = intermediateSlots(from.auth, to.auth);
  const kept = [...from.auth.held].filter(([slot]) => ![...slots.values()].includes(slot));
  const first = stage(from, to, { slots, held: new Map([...kept, ...bySlot(slots)]) }, rebind);
  const isFinal = [...slots].every(([chain, slot]) => to.auth?.slots.get(chain) === slot);
  const stages = [first];
  if (!isFinal) {
    const held = new Map([...bySlot(slots), ...bySlot(to.auth.slots)]);
    stages.push(stage(from, to, { slots: to.auth.slots, held }, rebind));
  }
  return [...stages.filter(({ version }) => version !== to.version), to];
}

/** With another number of slots the listener is another one, and nothing can be kept. */
function hasSameSlots(from: Snapshot, to: Snapshot): boolean {
  const before = resourcesOf(from, EXTENSION_CONFIG).byName;
  return [...(from.auth?.held.keys() ?? [])].every(
    slot => before.has(slot) && resourcesOf(to, EXTENSION_CONFIG).byName.has(slot),
  );
}

function bySlot(slots: ReadonlyMap<string, string>): readonly (readonly [slot: string, chain: string])[] {
  return [...slots].map(([chain, slot]) => [slot, chain] as const);
}

function stage(
  from: Snapshot,
  to: Snapshot,
  placement: Pick<SnapshotAuth, 'slots' | 'held'>,
  rebind: RebindSlots,
): Snapshot {
  const { auth } = to;
  if (auth === undefined) return to;
  const resources = new Map<TypeUrl, ResourceSet>(to.resources);
  resources.set(EXTENSION_CONFIG, slotContents(from, to, placement.held));
  const moves = new Map(
    [...auth.slots].flatMap(([chain, slot]) => {
      const other = placement.slots.get(chain);
      return other === undefined || other === slot ? [] : [[slot, other] as const];
    }),
  );
  if (moves.size > 0) {
    for (const typeUrl of [ROUTE, VIRTUAL_HOST]) {
      const tables = [...resourcesOf(to, typeUrl).byName.values()];
      if (tables.length > 0)
        resources.set(typeUrl, ResourceSet.of(tables.map(table => rebind(table, moves))));
    }
  }
  return makeSnapshot(to.files, resources, { ...to, auth: { ...auth, ...placement } });
}

/** A chain that `to` has is there with its new content, in every slot; one that is withdrawn with its old. */
function slotContents(from: Snapshot, to: Snapshot, held: ReadonlyMap<string, string>): ResourceSet {
  const next = resourcesOf(to, EXTENSION_CONFIG);
  const contents = new Map(next.byName);
  for (const [slot, chain] of held) {
    const own = to.auth?.slots.get(chain);
    const content = own === undefined ? undefined : next.byName.get(own);
    if (content !== undefined) contents.set(slot, own === slot ? content : renamedExtension(content, slot));
    else {
      const old = resourcesOf(from, EXTENSION_CONFIG).byName.get(slot);
      if (old !== undefined) contents.set(slot, old);
    }
  }
  return new ResourceSet(contents);
}
