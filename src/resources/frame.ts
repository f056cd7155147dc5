import type { DocumentPath } from './diagnostic.ts';
import type { Reference } from './reference.ts';
import type { Origin, Resource } from './resource.ts';
import type { TypeUrl } from './type-url.ts';
import { contentVersion } from './version.ts';

const encoder = new TextEncoder();

/** Appends an unsigned LEB128 number (Protocol Buffers encoding, "Base 128 Varints"). */
function pushVarint(out: number[], value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

/** A length-delimited field: tag, length, bytes. */
export function bytesField(fieldNumber: number, bytes: Uint8Array): Uint8Array {
  const head: number[] = [];
  pushVarint(head, (fieldNumber << 3) | 2);
  pushVarint(head, bytes.length);
  const out = new Uint8Array(head.length + bytes.length);
  out.set(head);
  out.set(bytes, head.length);
  return out;
}

/** A string field. */
export function stringField(fieldNumber: number, text: string): Uint8Array {
  return bytesField(fieldNumber, encoder.encode(text));
}

function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** What `makeResource` needs to know about a resource. */
export interface ResourceParts {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly aliases?: readonly string[];
  /** The deterministically encoded message, without the Any around it. */
  readonly body: Uint8Array;
  readonly references?: readonly Reference[];
  readonly origin?: Origin;
}

const NO_ORIGIN: Origin = { file: '', line: 1, column: 1, path: [] satisfies DocumentPath };

/**
 * Encodes a resource for both protocol variants and hashes its body.
 * Field numbers: google.protobuf.Any (type_url 1, value 2); DiscoveryResponse.resources 2;
 * DeltaDiscoveryResponse.resources 2; discovery.v3.Resource (version 1, resource 2, name 3, aliases 4).
 */
export function makeResource(parts: ResourceParts): Resource {
  const aliases = parts.aliases ?? [];
  const any = concatBytes([stringField(1, parts.typeUrl), bytesField(2, parts.body)]);
  const version = contentVersion([parts.typeUrl, parts.name, ...aliases, parts.body]);
  const sotwFrame = bytesField(2, any);
  const inner = [stringField(3, parts.name), stringField(1, version), bytesField(2, any)];
  return {
    typeUrl: parts.typeUrl,
    name: parts.name,
    aliases,
    version,
    // The value of the Any is the last thing in the frame.
    body: sotwFrame.subarray(sotwFrame.length - parts.body.length),
    sotwFrame,
    deltaFrame: bytesField(2, concatBytes([...inner, ...aliases.map(alias => stringField(4, alias))])),
    references: parts.references ?? [],
    origin: parts.origin ?? NO_ORIGIN,
  };
}

/**
 * The same extension under another name: an envoy.config.core.v3.TypedExtensionConfig, whose name (field 1) is encoded first, because fields are
 * in the order of their numbers.
 */
export function renamedExtension(resource: Resource, name: string): Resource {
  const { typeUrl, aliases, references, origin } = resource;
  const rest = resource.body.subarray(stringField(1, resource.name).length);
  return makeResource({
    typeUrl,
    name,
    aliases,
    body: concatBytes([stringField(1, name), rest]),
    references,
    origin,
  });
}
