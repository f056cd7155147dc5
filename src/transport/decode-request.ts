import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';
import { Status } from '../gen/google/rpc/status.ts';
import type { Rejection, StreamRequest } from '../protocol/request.ts';
import type { TypeUrl } from '../resources/type-url.ts';

/** What a stream accepts in one request. */
export interface RequestRules {
  readonly variant: 'sotw' | 'delta';
  /** Per-type services imply their type; undefined on ADS, where a request must name it. */
  readonly impliedTypeUrl: TypeUrl | undefined;
  /** Names in one list of one request. */
  readonly maxNames: number;
  /** Bytes of one name, type URL or nonce. */
  readonly maxNameBytes: number;
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
  | 'node'
  | 'typeUrl'
  | 'nonce'
  | 'error'
  | 'subscribe'
  | 'unsubscribe'
  | 'subscribeLocator'
  | 'unsubscribeLocator'
  | 'versions'
  | undefined;

/** By field number of `DiscoveryRequest`; `version_info` (1) is not read: it proves nothing. */
const SOTW_SLOTS: readonly Slot[] = [
  undefined,
  undefined,
  'node',
  'subscribe',
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
  'subscribe',
  'unsubscribe',
  'versions',
  'nonce',
  'error',
  'subscribeLocator',
  'unsubscribeLocator',
];

interface Fields {
  node: Uint8Array | undefined;
  typeUrl: string;
  nonce: string;
  rejection: Rejection | undefined;
  readonly subscribe: string[];
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
    ? { variant, ...common, names: fields.subscribe }
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
    typeUrl: '',
    nonce: '',
    rejection: undefined,
    subscribe: [],
    unsubscribe: [],
    versions: new Map(),
  };
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    const slot = wireType === WireType.LengthDelimited ? slots[fieldNumber] : undefined;
    if (slot === undefined) reader.skip(wireType, fieldNumber);
    else readSlot(slot, reader.bytes(), fields, rules);
  }
  return fields;
}

function readSlot(slot: NonNullable<Slot>, bytes: Uint8Array, fields: Fields, rules: RequestRules): void {
  switch (slot) {
    case 'node':
      fields.node = bytes;
      break;
    case 'typeUrl':
      fields.typeUrl = text(bytes, rules);
      break;
    case 'nonce':
      fields.nonce = text(bytes, rules);
      break;
    case 'error': {
      const detail = Status.decode(bytes);
      fields.rejection = { code: detail.code, message: detail.message };
      break;
    }
    case 'subscribe':
      addName(fields.subscribe, text(bytes, rules), rules);
      break;
    case 'unsubscribe':
      addName(fields.unsubscribe, text(bytes, rules), rules);
      break;
    case 'subscribeLocator':
      addName(fields.subscribe, readPair(bytes, rules)[0], rules);
      break;
    case 'unsubscribeLocator':
      addName(fields.unsubscribe, readPair(bytes, rules)[0], rules);
      break;
    case 'versions': {
      const [name, version] = readPair(bytes, rules);
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

const utf8 = new TextDecoder();

function text(bytes: Uint8Array, rules: RequestRules): string {
  if (bytes.length > rules.maxNameBytes) {
    throw new LimitExceeded(`a name is longer than ${rules.maxNameBytes} bytes`);
  }
  return utf8.decode(bytes);
}

/** Fields 1 and 2 as text: a map entry, or a `ResourceLocator` of which the caller takes the name. */
function readPair(bytes: Uint8Array, rules: RequestRules): [string, string] {
  const pair: [string, string] = ['', ''];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    const known = wireType === WireType.LengthDelimited && (fieldNumber === 1 || fieldNumber === 2);
    if (known) pair[fieldNumber - 1] = text(reader.bytes(), rules);
    else reader.skip(wireType, fieldNumber);
  }
  return pair;
}
