import { status } from '@grpc/grpc-js';
import { Status } from '../gen/google/rpc/status.ts';
import type { Rejection, StreamRequest } from '../protocol/request.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import { LENGTH_DELIMITED, MessageCursor } from './message-cursor.ts';
import type { NameLists } from './name-lists.ts';

/** What a stream accepts in one request. */
export interface RequestRules {
  readonly variant: 'sotw' | 'delta';
  /** Per-type services imply their type; undefined on ADS, where a request must name it. */
  readonly impliedTypeUrl: TypeUrl | undefined;
  /** Names in one list of one request. */
  readonly maxNames: number;
  /** Bytes of one name, type URL or nonce. */
  readonly maxNameBytes: number;
  /** Lists that requests of other streams have brought; the rules must be the same for all of them. */
  readonly lists: NameLists;
}

/** A request, or the status that ends the stream. */
export type DecodedRequest =
  | {
      readonly kind: 'request';
      readonly request: StreamRequest;
      /** The encoded `Node`, not copied: read it at once or not at all. */
      readonly nodeBytes: Uint8Array | undefined;
    }
  | {
      readonly kind: 'refused';
      readonly reason: 'garbage' | 'limit';
      readonly code: status;
      readonly message: string;
    };

type Slot =
  | 'version'
  | 'node'
  | 'typeUrl'
  | 'nonce'
  | 'error'
  | 'unsubscribe'
  | 'subscribeLocator'
  | 'unsubscribeLocator'
  | 'versions'
  | undefined;

/** By field number of `DiscoveryRequest`. */
const SOTW_SLOTS: readonly Slot[] = [
  undefined,
  'version',
  'node',
  undefined,
  'typeUrl',
  'nonce',
  'error',
  'subscribeLocator',
];

/** By field number of `DeltaDiscoveryRequest`. */
const DELTA_SLOTS: readonly Slot[] = [
  undefined,
  'node',
  'typeUrl',
  undefined,
  'unsubscribe',
  'versions',
  'nonce',
  'error',
  'subscribeLocator',
  'unsubscribeLocator',
];

/** The tag of the names that are asked for: field 3 in both messages. */
const SUBSCRIBE_TAG = (3 << 3) | LENGTH_DELIMITED;

interface Fields {
  node: Uint8Array | undefined;
  version: string;
  typeUrl: string;
  nonce: string;
  rejection: Rejection | undefined;
  subscribe: readonly string[];
  /** `subscribe`, once it is a list of this request only. */
  own: string[] | undefined;
  readonly unsubscribe: string[];
  readonly versions: Map<string, string>;
}

class LimitExceeded extends Error {}

/**
 * Reads a `DiscoveryRequest` or `DeltaDiscoveryRequest` (envoy/service/discovery/v3/discovery.proto).
 *
 * By hand rather than by generated code: an ACK may carry 60 kB of `Node` that nobody reads again, and
 * `initial_resource_versions` must not become the keys of a plain object. A resource locator counts as its name.
 * Never throws: what cannot be read is refused with the status that the stream is to end with.
 */
export function decodeRequest(message: Uint8Array, rules: RequestRules): DecodedRequest {
  let fields: Fields;
  try {
    fields = readFields(message, rules);
  } catch (thrown) {
    if (thrown instanceof LimitExceeded) {
      return { kind: 'refused', reason: 'limit', code: status.RESOURCE_EXHAUSTED, message: thrown.message };
    }
    return garbage('the message is not a valid discovery request');
  }
  const typeUrl = fields.typeUrl === '' ? rules.impliedTypeUrl : (fields.typeUrl as TypeUrl);
  if (typeUrl === undefined) return garbage('type_url is required on an aggregated stream');
  if (rules.impliedTypeUrl !== undefined && typeUrl !== rules.impliedTypeUrl) {
    return garbage(`this service serves ${rules.impliedTypeUrl} only`);
  }
  return { kind: 'request', request: toRequest(typeUrl, fields, rules.variant), nodeBytes: fields.node };
}

function garbage(message: string): DecodedRequest {
  return { kind: 'refused', reason: 'garbage', code: status.INVALID_ARGUMENT, message };
}

function toRequest(typeUrl: TypeUrl, fields: Fields, variant: 'sotw' | 'delta'): StreamRequest {
  const { nonce, rejection } = fields;
  const common = { typeUrl, nonce, ...(rejection === undefined ? {} : { rejection }) };
  return variant === 'sotw'
    ? { variant, ...common, version: fields.version, names: fields.subscribe }
    : {
        variant,
        ...common,
        subscribe: fields.subscribe,
        unsubscribe: fields.unsubscribe,
        initialVersions: fields.versions,
      };
}

function readFields(message: Uint8Array, rules: RequestRules): Fields {
  const slots = rules.variant === 'sotw' ? SOTW_SLOTS : DELTA_SLOTS;
  const fields: Fields = {
    node: undefined,
    version: '',
    typeUrl: '',
    nonce: '',
    rejection: undefined,
    subscribe: NO_LIST,
    own: undefined,
    unsubscribe: [],
    versions: new Map(),
  };
  const cursor = new MessageCursor(message);
  while (!cursor.isAtEnd) {
    if (cursor.bytes[cursor.position] === SUBSCRIBE_TAG) {
      readSubscribe(cursor, fields, rules);
      continue;
    }
    const tag = cursor.tag();
    const slot = (tag & 7) === LENGTH_DELIMITED ? slots[tag >>> 3] : undefined;
    if (slot === undefined) cursor.skip(tag);
    else readSlot(slot, cursor, fields, rules);
  }
  return fields;
}

const NO_LIST: readonly string[] = [];

/** Reads the names from here on, as one list: known lists are not decoded again. */
function readSubscribe(cursor: MessageCursor, fields: Fields, rules: RequestRules): void {
  const start = cursor.position;
  let list = rules.lists.take(cursor, SUBSCRIBE_TAG);
  if (list === undefined) {
    const names: string[] = [];
    while (cursor.bytes[cursor.position] === SUBSCRIBE_TAG) {
      cursor.position += 1;
      addName(names, text(cursor, rules), rules);
    }
    rules.lists.remember(cursor.bytes, start, cursor.position, names);
    list = names;
  }
  if (fields.subscribe.length === 0) fields.subscribe = list;
  else for (const name of list) addName(ownList(fields), name, rules);
}

function readSlot(slot: NonNullable<Slot>, cursor: MessageCursor, fields: Fields, rules: RequestRules): void {
  switch (slot) {
    case 'node':
      fields.node = cursor.view();
      break;
    case 'version':
      fields.version = text(cursor, rules);
      break;
    case 'typeUrl':
      fields.typeUrl = text(cursor, rules);
      break;
    case 'nonce':
      fields.nonce = text(cursor, rules);
      break;
    case 'error': {
      const detail = Status.decode(cursor.view());
      fields.rejection = { code: detail.code, message: detail.message };
      break;
    }
    case 'unsubscribe':
      addName(fields.unsubscribe, text(cursor, rules), rules);
      break;
    case 'subscribeLocator':
      addName(ownList(fields), readPair(cursor, rules)[0], rules);
      break;
    case 'unsubscribeLocator':
      addName(fields.unsubscribe, readPair(cursor, rules)[0], rules);
      break;
    case 'versions': {
      const [name, version] = readPair(cursor, rules);
      fields.versions.set(name, version);
      break;
    }
  }
}

function addName(names: string[], name: string, rules: RequestRules): void {
  if (names.length >= rules.maxNames) {
    throw new LimitExceeded(`more than ${rules.maxNames} names in one request`);
  }
  names.push(name);
}

/** Lists are shared: before one is added to, it is copied, once. */
function ownList(fields: Fields): string[] {
  if (fields.own === undefined) {
    fields.own = [...fields.subscribe];
    fields.subscribe = fields.own;
  }
  return fields.own;
}

function text(cursor: MessageCursor, rules: RequestRules): string {
  const end = cursor.delimited();
  if (end - cursor.position > rules.maxNameBytes) {
    throw new LimitExceeded(`a name is longer than ${rules.maxNameBytes} bytes`);
  }
  return cursor.textTo(end);
}

/** Fields 1 and 2 as text: a map entry, or a `ResourceLocator` of which the caller takes the name. */
function readPair(cursor: MessageCursor, rules: RequestRules): readonly [string, string] {
  const end = cursor.delimited();
  let first = '';
  let second = '';
  while (cursor.position < end) {
    const tag = cursor.tag();
    if (tag === FIRST_TAG) first = text(cursor, rules);
    else if (tag === SECOND_TAG) second = text(cursor, rules);
    else cursor.skip(tag);
  }
  if (cursor.position !== end) throw new RangeError('a field ends beyond its message');
  return [first, second];
}

const FIRST_TAG = (1 << 3) | LENGTH_DELIMITED;
const SECOND_TAG = (2 << 3) | LENGTH_DELIMITED;
