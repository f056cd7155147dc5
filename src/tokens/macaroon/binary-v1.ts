import { MacaroonFormatError, MAX_CAVEATS } from './macaroon-limits.ts';
import { SIGNATURE_BYTES, type Caveat, type Macaroon } from './macaroon.ts';

// The binary form, version 1, of libmacaroons: packets of four hexadecimal digits (the length of the packet), a key, a space, a value and a
// line break. Read, never written: version 2 is shorter and carries any bytes.

interface Packet {
  readonly key: string;
  readonly value: Buffer;
}

const LENGTH_DIGITS = 4;

/** Reads one macaroon from the front. @throws MacaroonFormatError */
export function readBinaryV1(bytes: Buffer): { readonly macaroon: Macaroon; readonly rest: Buffer } {
  const packets = new Packets(bytes);
  const location = packets.need('location').toString('utf8');
  const identifier = packets.need('identifier');
  const caveats: Caveat[] = [];
  for (let id = packets.next('cid'); id !== undefined; id = packets.next('cid')) {
    const verificationId = packets.next('vid');
    const place = packets.next('cl')?.toString('utf8');
    caveats.push({
      identifier: id,
      ...(verificationId === undefined ? {} : { verificationId }),
      ...(place === undefined || verificationId === undefined ? {} : { location: place }),
    });
    if (caveats.length > MAX_CAVEATS) throw new MacaroonFormatError('it has too many caveats');
  }
  const signature = packets.need('signature');
  if (signature.length !== SIGNATURE_BYTES) throw new MacaroonFormatError('it has no signature of 32 bytes');
  return {
    macaroon: { ...(location === '' ? {} : { location }), identifier, caveats, signature },
    rest: packets.rest(),
  };
}

class Packets {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The value of the next packet. @throws MacaroonFormatError when that has another key. */
  need(key: string): Buffer {
    const value = this.next(key);
    if (value === undefined) throw new MacaroonFormatError(`it has no ${key} where one must be`);
    return value;
  }

  /** The value of the next packet if it has this key. */
  next(key: string): Buffer | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    const { packet, end } = this.#read();
    if (packet.key !== key) return undefined;
    this.#at = end;
    return packet.value;
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  #read(): { readonly packet: Packet; readonly end: number } {
    const digits = this.#bytes.toString('latin1', this.#at, this.#at + LENGTH_DIGITS);
    if (!/^[0-9a-f]{4}$/.test(digits)) throw new MacaroonFormatError('a packet has no length');
    const end = this.#at + Number.parseInt(digits, 16);
    const body = this.#bytes.subarray(this.#at + LENGTH_DIGITS, end);
    const space = body.indexOf(' ');
    if (end > this.#bytes.length || space < 1 || body.at(-1) !== 0x0a) {
      throw new MacaroonFormatError('a packet is cut off');
    }
    const packet = { key: body.toString('latin1', 0, space), value: body.subarray(space + 1, -1) };
    return { packet, end };
  }
}
