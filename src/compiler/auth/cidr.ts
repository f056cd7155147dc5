import type { JsonObject } from '@bufbuild/protobuf';

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** A network (envoy.config.core.v3.CidrRange), or undefined. An address alone is a network of one. */
export function cidrRange(text: string): JsonObject | undefined {
  const [address = '', length, ...rest] = text.split('/');
  if (rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined;
  const bits = isV4(address) ? 32 : isV6(address) ? 128 : undefined;
  if (bits === undefined) return undefined;
  const prefixLength = length === undefined ? bits : Number(length);
  return prefixLength <= bits ? { address_prefix: address, prefix_len: prefixLength } : undefined;
}

function isV4(text: string): boolean {
  return (
    V4.exec(text)
      ?.slice(1)
      .every(part => Number(part) <= 255) === true
  );
}

/** RFC 4291, section 2.2, without zones and without the mixed form. */
function isV6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap(half => (half === '' ? [] : half.split(':')));
  if (!groups.every(group => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}
