import type { MessageCursor } from './message-cursor.ts';

/** A list of names as it is encoded in requests: fields with the same tag, one after the other. */
interface KnownList {
  readonly bytes: Buffer;
  readonly names: readonly string[];
  /** What it costs to remember it, about. */
  readonly costBytes: number;
}

/** Bytes at the beginning of a list that lists are found by. */
const KEY_BYTES = 24;
/** Objects of a list, and of each of its names, beside the bytes: clients that ask for one name at a time make very many short lists. */
const LIST_COST_BYTES = 512;
const NAME_COST_BYTES = 32;
/** Lists that begin alike, of which each is compared. */
const MAX_ALIKE = 8;

export interface NameListLimits {
  /** Lists remembered, together at most so large: bytes, names, and what there is around them. */
  readonly maxBytes: number;
  /** A larger one is not remembered. */
  readonly maxListBytes: number;
}

const DEFAULT_LIMITS: NameListLimits = { maxBytes: 16 * 1024 * 1024, maxListBytes: 2 * 1024 * 1024 };

/**
 * Lists of names that requests repeat: in SotW every ACK carries the whole list, and the proxies of a fleet ask for the same. What is known is
 * recognised by comparing bytes, and every request that carries it gets the same object.
 */
export class NameLists {
  readonly #limits: NameListLimits;
  /** By their beginning; what was not used for the longest time first. */
  readonly #lists = new Map<string, readonly KnownList[]>();
  #costBytes = 0;

  constructor(limits: NameListLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** The list that begins at the cursor, which is moved behind it; undefined for one that is not known. */
  take(cursor: MessageCursor, tagByte: number): readonly string[] | undefined {
    const { bytes, position } = cursor;
    const key = keyOf(bytes, position);
    const alike = this.#lists.get(key);
    const found = alike?.find(list => {
      const end = position + list.bytes.length;
      return (
        end <= bytes.length &&
        bytes[end] !== tagByte &&
        bytes.compare(list.bytes, 0, list.bytes.length, position, end) === 0
      );
    });
    if (alike === undefined || found === undefined) return undefined;
    this.#lists.delete(key);
    this.#lists.set(key, alike);
    cursor.position = position + found.bytes.length;
    return found.names;
  }

  /** Remembers a list that was read from `start` to `end`. @param names must not change afterwards. */
  remember(bytes: Buffer, start: number, end: number, names: readonly string[]): void {
    const length = end - start;
    if (length > this.#limits.maxListBytes) return;
    const key = keyOf(bytes, start);
    const alike = this.#lists.get(key) ?? [];
    const costBytes = LIST_COST_BYTES + 2 * length + names.length * NAME_COST_BYTES;
    const list = { bytes: Buffer.from(bytes.subarray(start, end)), names, costBytes };
    const kept = [list, ...alike];
    for (const dropped of kept.splice(MAX_ALIKE)) this.#costBytes -= dropped.costBytes;
    this.#lists.delete(key);
    this.#lists.set(key, kept);
    this.#costBytes += costBytes;
    for (const [oldest, lists] of this.#lists) {
      if (this.#costBytes <= this.#limits.maxBytes) break;
      this.#lists.delete(oldest);
      for (const dropped of lists) this.#costBytes -= dropped.costBytes;
    }
  }
}

function keyOf(bytes: Buffer, start: number): string {
  return bytes.toString('latin1', start, Math.min(start + KEY_BYTES, bytes.length));
}
