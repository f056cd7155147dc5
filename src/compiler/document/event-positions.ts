import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event } from 'js-yaml';
import type { DocumentPath } from '../../resources/diagnostic.ts';
import { MAX_DEPTH } from './limits.ts';

const MERGE = '<<';

interface Found {
  /** Where the key or the list item begins in the text. */
  readonly offset: number;
  /** The event of the value. */
  readonly index: number;
}

/** Mappings with more keys than this are indexed when they are searched. */
const LARGE_MAPPING = 64;

/**
 * Finds paths again in the events of a parsed text. Where every node ends is computed once, with the first question;
 * lists and large mappings are indexed when they are first searched. So many questions about one large list cost
 * little more than one.
 */
export class EventPositions {
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #items = new Map<number, readonly number[]>();
  readonly #keys = new Map<number, ReadonlyMap<string, Found>>();
  #ends: Int32Array | undefined;
  #anchors: ReadonlyMap<string, readonly number[]> | undefined;

  constructor(text: string, events: readonly Event[]) {
    this.#text = text;
    this.#events = events;
  }

  /** The offset of a path, or that of its nearest ancestor that is written in the text. */
  offsetOf(path: DocumentPath): number {
    let offset = 0;
    let index = 1;
    for (const part of path) {
      const found = typeof part === 'number' ? this.#item(index, part) : this.#entry(index, part, 0);
      if (found === undefined) break;
      ({ offset, index } = found);
    }
    return offset;
  }

  #item(listIndex: number, wanted: number): Found | undefined {
    const index = this.#behindAlias(listIndex);
    if (this.#events[index]?.type !== EVENT_ID.SEQUENCE) return undefined;
    const at = this.#itemsOf(index)[wanted];
    return at === undefined ? undefined : { offset: this.#startOf(at), index: at };
  }

  #entry(mappingIndex: number, wanted: string, depth: number): Found | undefined {
    const index = this.#behindAlias(mappingIndex);
    if (this.#events[index]?.type !== EVENT_ID.MAPPING || depth > MAX_DEPTH) return undefined;
    const camel = lowerCamel(wanted);
    const indexed = this.#keys.get(index);
    if (indexed !== undefined) {
      return (
        indexed.get(wanted) ?? indexed.get(camel) ?? this.#merged(indexed.get(MERGE)?.index, wanted, depth)
      );
    }
    let merge: number | undefined;
    let passed = 0;
    for (let at = index + 1; this.#isNode(at); passed++) {
      const key = this.#scalar(at);
      const value = this.#after(at);
      if (key === wanted || key === camel) {
        if (passed > LARGE_MAPPING) this.#keys.set(index, this.#keysOf(index));
        return { offset: this.#startOf(at), index: value };
      }
      if (key === MERGE) merge = value;
      at = this.#after(value);
    }
    if (passed > LARGE_MAPPING) this.#keys.set(index, this.#keysOf(index));
    return this.#merged(merge, wanted, depth);
  }

  /** Looks in what a merge key (`<<`) brings in: a mapping or a list of mappings. */
  #merged(source: number | undefined, wanted: string, depth: number): Found | undefined {
    if (source === undefined) return undefined;
    const index = this.#behindAlias(source);
    const mappings = this.#events[index]?.type === EVENT_ID.SEQUENCE ? this.#itemsOf(index) : [index];
    for (const mapping of mappings) {
      const found = this.#entry(mapping, wanted, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #keysOf(mappingIndex: number): ReadonlyMap<string, Found> {
    const keys = new Map<string, Found>();
    for (let at = mappingIndex + 1; this.#isNode(at);) {
      const value = this.#after(at);
      const key = this.#scalar(at);
      if (key !== undefined) keys.set(key, { offset: this.#startOf(at), index: value });
      at = this.#after(value);
    }
    return keys;
  }

  #itemsOf(listIndex: number): readonly number[] {
    const known = this.#items.get(listIndex);
    if (known !== undefined) return known;
    const items: number[] = [];
    for (let at = listIndex + 1; this.#isNode(at); at = this.#after(at)) items.push(at);
    this.#items.set(listIndex, items);
    return items;
  }

  /** False at the end of a collection and at the end of the events. */
  #isNode(index: number): boolean {
    const event = this.#events[index];
    return event !== undefined && event.type !== EVENT_ID.POP;
  }

  /** The event after a node and everything in it. */
  #after(index: number): number {
    return (this.#ends ??= endsOf(this.#events))[index] ?? this.#events.length;
  }

  #scalar(index: number): string | undefined {
    const event = this.#events[index];
    return event?.type === EVENT_ID.SCALAR ? getScalarValue(this.#text, event) : undefined;
  }

  #startOf(index: number): number {
    const event = this.#events[index];
    switch (event?.type) {
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE:
        return event.start;
      case EVENT_ID.SCALAR: {
        const quoted =
          event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
        return Math.max(0, event.valueStart - (quoted ? 1 : 0));
      }
      case EVENT_ID.ALIAS:
        return Math.max(0, event.anchorStart - 1);
      default:
        return 0;
    }
  }

  /** The anchored node that an alias stands for; any other node is itself. */
  #behindAlias(index: number): number {
    const event = this.#events[index];
    if (event?.type !== EVENT_ID.ALIAS) return index;
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    return (
      this.#anchored()
        .get(name)
        ?.findLast(at => at < index) ?? index
    );
  }

  #anchored(): ReadonlyMap<string, readonly number[]> {
    if (this.#anchors === undefined) {
      const anchors = new Map<string, number[]>();
      for (const [index, event] of this.#events.entries()) {
        if (!('anchorStart' in event) || event.anchorStart < 0 || event.type === EVENT_ID.ALIAS) continue;
        const name = this.#text.slice(event.anchorStart, event.anchorEnd);
        const list = anchors.get(name);
        if (list === undefined) anchors.set(name, [index]);
        else list.push(index);
      }
      this.#anchors = anchors;
    }
    return this.#anchors;
  }
}

/** For every event that begins a node: the event after that node. */
function endsOf(events: readonly Event[]): Int32Array {
  const ends = new Int32Array(events.length);
  const open: number[] = [];
  for (const [index, { type }] of events.entries()) {
    ends[index] = index + 1;
    if (type === EVENT_ID.POP) ends[open.pop() ?? index] = index + 1;
    else if (type !== EVENT_ID.SCALAR && type !== EVENT_ID.ALIAS) open.push(index);
  }
  return ends;
}

/** The JSON name of a proto field: `connect_timeout` is also written `connectTimeout`. */
function lowerCamel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}
