import { slotName } from './auth-names.ts';

/** A string hash of 32 bits (FNV-1a with a final mix), the same on every machine. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** How much a chain and a slot want each other; a name breaks ties. */
function attraction(chain: string, slot: number): number {
  return hash(`${chain}\n${slot}`);
}

/** How many chains a number of slots takes: half stay free, so that any set of chains can be exchanged for any other. */
export function chainCapacity(slotCount: number): number {
  return Math.floor(slotCount / 2);
}

/**
 * Gives every chain a slot: a pure function of the set of names, the same on every replica. Chains propose to slots in the order of
 * their liking and slots keep the chain that they like best (deferred acceptance), so a name that comes or goes moves
 * few others.
 * @throws RangeError when there are more chains than slots.
 */
export function allocateSlots(names: Iterable<string>, slotCount: number): ReadonlyMap<string, string> {
  const chains = [...new Set(names)].sort();
  if (chains.length > slotCount)
    throw new RangeError(`${chains.length} chains do not fit ${slotCount} slots`);
  const wishes = new Map(chains.map(chain => [chain, wishesOf(chain, slotCount)]));
  const holders = new Map<number, string>();
  const open = [...chains];
  for (let chain = open.pop(); chain !== undefined; chain = open.pop()) {
    const slot = wishes.get(chain)?.shift();
    if (slot === undefined) continue;
    const holder = holders.get(slot);
    if (holder === undefined || isPreferred(chain, holder, slot)) {
      holders.set(slot, chain);
      if (holder !== undefined) open.push(holder);
    } else {
      open.push(chain);
    }
  }
  const slots = [...holders].map(([slot, chain]) => [chain, slotName(slot)] as const);
  return new Map(slots.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function wishesOf(chain: string, slotCount: number): number[] {
  const slots = Array.from({ length: slotCount }, (_, slot) => slot);
  return slots.sort((a, b) => attraction(chain, b) - attraction(chain, a) || a - b);
}

function isPreferred(chain: string, holder: string, slot: number): boolean {
  const difference = attraction(chain, slot) - attraction(holder, slot);
  return difference === 0 ? chain < holder : difference > 0;
}
