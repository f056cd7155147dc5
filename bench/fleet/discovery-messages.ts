import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { bytesField, stringField } from '../../src/resources/frame.ts';
import type { TypeUrl } from '../../src/resources/type-url.ts';

export type Variant = 'sotw' | 'delta';

/** What a stand-in for a proxy says in a request. */
export interface RequestParts {
  readonly typeUrl: TypeUrl;
  /** The encoded node; in the first request of a stream only. */
  readonly node?: Uint8Array | undefined;
  /** SotW: the version accepted last. */
  readonly version?: string;
  readonly nonce?: string;
  /** SotW: the whole list. Delta: names to add. */
  readonly names?: EncodedNames | undefined;
  /** Delta: what the client holds of the type, by name. */
  readonly held?: ReadonlyMap<string, string> | undefined;
  readonly error?: string;
}

/** A list of names, encoded once for all requests that carry it: fields of a request of one variant. */
export type EncodedNames = Uint8Array;

/** `resource_names` (3) of a DiscoveryRequest, `resource_names_subscribe` (3) of a DeltaDiscoveryRequest. */
export function encodeNames(names: readonly string[]): EncodedNames {
  return Buffer.concat(names.map(name => stringField(3, name)));
}

/** A DiscoveryRequest or DeltaDiscoveryRequest (envoy/service/discovery/v3/discovery.proto). */
export function encodeRequest(variant: Variant, parts: RequestParts): Buffer {
  const { typeUrl, node, version = '', nonce = '', names, held = new Map<string, string>(), error } = parts;
  const status = error === undefined ? undefined : stringField(2, error);
  const fields: readonly (Uint8Array | undefined)[] =
    variant === 'sotw'
      ? [
          version === '' ? undefined : stringField(1, version),
          node && bytesField(2, node),
          names,
          stringField(4, typeUrl),
          nonce === '' ? undefined : stringField(5, nonce),
          status && bytesField(6, status),
        ]
      : [
          node && bytesField(1, node),
          stringField(2, typeUrl),
          names,
          held.size === 0 ? undefined : encodeHeld(held),
          nonce === '' ? undefined : stringField(6, nonce),
          status && bytesField(7, status),
        ];
  return Buffer.concat(fields.filter(field => field !== undefined));
}

/** By the map: clients that hold the same share it. */
const encodedHeld = new WeakMap<ReadonlyMap<string, string>, Uint8Array>();

/** `initial_resource_versions` (5), a map of names to versions. */
function encodeHeld(held: ReadonlyMap<string, string>): Uint8Array {
  let known = encodedHeld.get(held);
  if (known === undefined) {
    const entries = [...held].map(([name, version]) =>
      bytesField(5, Buffer.concat([stringField(1, name), stringField(2, version)])),
    );
    encodedHeld.set(held, (known = Buffer.concat(entries)));
  }
  return known;
}

/** What of a response does not depend on its resources. */
export interface ResponseHead {
  readonly typeUrl: TypeUrl;
  readonly nonce: string;
  /** `version_info` or `system_version_info`. */
  readonly version: string;
  readonly resources: number;
}

/** Reads the head of a response, and passes over its resources. Both variants have the same numbers for these fields. */
export function readHead(message: Uint8Array): ResponseHead {
  const reader = new BinaryReader(message);
  let [typeUrl, nonce, version, resources] = ['', '', '', 0];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, field);
    else if (field === 1) version = reader.string();
    else if (field === 4) typeUrl = reader.string();
    else if (field === 5) nonce = reader.string();
    else {
      if (field === 2) resources += 1;
      reader.skip(wireType, field);
    }
  }
  return { typeUrl: typeUrl as TypeUrl, nonce, version, resources };
}

/** What a client holds after a delta response: `resources` (2: version 1, name 3) and `removed_resources` (6). */
export function applyDelta(
  held: ReadonlyMap<string, string>,
  message: Uint8Array,
): ReadonlyMap<string, string> {
  const next = new Map(held);
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 2 && wireType === WireType.LengthDelimited) {
      const [name, version] = readResource(reader.bytes());
      next.set(name, version);
    } else if (field === 6 && wireType === WireType.LengthDelimited) next.delete(reader.string());
    else reader.skip(wireType, field);
  }
  return next;
}

function readResource(bytes: Uint8Array): readonly [name: string, version: string] {
  const reader = new BinaryReader(bytes);
  let [name, version] = ['', ''];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) version = reader.string();
    else if (field === 3) name = reader.string();
    else reader.skip(wireType, field);
  }
  return [name, version];
}
