/** One element of DER (ITU-T X.690): its tag octet, its contents and itself as encoded. */
export interface DerElement {
  readonly tag: number;
  readonly contents: Uint8Array;
  readonly encoded: Uint8Array;
}

/** Tag octets that certificates and CRLs use. */
export const DER_TAG = {
  integer: 0x02,
  bitString: 0x03,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
} as const;

/** What `readDer` throws: the bytes are not DER. */
export class DerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DerError';
  }
}

/**
 * Reads the element at `offset`; low tag numbers and definite lengths only, which is all that X.509 uses.
 * @throws DerError when the bytes end early or use another form.
 */
export function readDer(bytes: Uint8Array, offset = 0): DerElement {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError('the data ends early');
  let length = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError('a length has a form that DER does not allow');
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[start + i] ?? 0);
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) throw new DerError('the data ends early');
  return { tag, contents: bytes.subarray(start, end), encoded: bytes.subarray(offset, end) };
}

/**
 * The elements inside a constructed element.
 * @throws DerError as `readDer` does.
 */
export function childrenOf(element: DerElement): readonly DerElement[] {
  const children: DerElement[] = [];
  let offset = 0;
  while (offset < element.contents.length) {
    const child = readDer(element.contents, offset);
    children.push(child);
    offset += child.encoded.length;
  }
  return children;
}

/**
 * The object identifier in dotted form.
 * @throws DerError when the element is not an OBJECT IDENTIFIER.
 */
export function objectIdentifierOf(element: DerElement): string {
  if (element.tag !== DER_TAG.objectIdentifier) throw new DerError('an object identifier is missing');
  const arcs: number[] = [];
  let value = 0;
  for (const octet of element.contents) {
    value = value * 128 + (octet & 0x7f);
    if (octet < 0x80) {
      if (arcs.length === 0) {
        const first = Math.min(Math.floor(value / 40), 2);
        arcs.push(first, value - first * 40);
      } else {
        arcs.push(value);
      }
      value = 0;
    }
  }
  return arcs.join('.');
}

/**
 * The time of a UTCTime or GeneralizedTime in milliseconds since the epoch (RFC 5280, 4.1.2.5).
 * @throws DerError when the element is no time in the form that RFC 5280 demands.
 */
export function timeOf(element: DerElement): number {
  const text = new TextDecoder('latin1').decode(element.contents);
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (match === null || !isTime(element))
    throw new DerError('a time has a form that RFC 5280 does not allow');
  const [, yearText = '', ...rest] = match;
  const [month = 1, day = 1, hour = 0, minute = 0, second = 0] = rest.map(Number);
  const year = Number(yearText) + (yearText.length === 4 ? 0 : Number(yearText) >= 50 ? 1900 : 2000);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** True for UTCTime and GeneralizedTime. */
export function isTime(element: DerElement | undefined): boolean {
  return element?.tag === DER_TAG.utcTime || element?.tag === DER_TAG.generalizedTime;
}
