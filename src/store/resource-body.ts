import { AuthplaneError } from '../platform/errors.ts';
import type { Resource } from '../resources/resource.ts';

/** Field of `google.protobuf.Any` with the encoded message. */
const ANY_VALUE = 2;

/**
 * The encoded message of a resource, without the frames around it. A view into the resource's own bytes.
 * @throws AuthplaneError INTERNAL when the frame is not one that `makeResource` builds.
 */
export function bodyOf(resource: Resource): Uint8Array {
  const any = readField(resource.sotwFrame, 0);
  let offset = any.start;
  while (offset < any.end) {
    const field = readField(resource.sotwFrame, offset);
    if (field.number === ANY_VALUE) return resource.sotwFrame.subarray(field.start, field.end);
    offset = field.end;
  }
  throw badFrame();
}

/** A length-delimited field at `offset`: its number and where its content stands (protobuf encoding, wire type 2). */
function readField(bytes: Uint8Array, offset: number): { number: number; start: number; end: number } {
  const tag = readVarint(bytes, offset);
  if ((tag.value & 7) !== 2) throw badFrame();
  const length = readVarint(bytes, tag.end);
  const end = length.end + length.value;
  if (end > bytes.length) throw badFrame();
  return { number: tag.value >>> 3, start: length.end, end };
}

function readVarint(bytes: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0;
  let scale = 1;
  for (let end = offset; end < offset + 6; end++) {
    const byte = bytes[end];
    if (byte === undefined) break;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: end + 1 };
    scale *= 0x80;
  }
  throw badFrame();
}

function badFrame(): AuthplaneError {
  return new AuthplaneError('INTERNAL', 'the frame of a resource is not an encoded Any');
}
