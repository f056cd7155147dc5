/** The part of DER (ITU-T X.690) that certificates and revocation lists are made of. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const length: number[] = [];
  if (body.length < 0x80) {
    length.push(body.length);
  } else {
    for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
    length.unshift(0x80 | length.length);
  }
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return der(0x30, ...contents);
}

/** A context-specific tag; `constructed` wraps other values, otherwise it replaces the tag of a simple one. */
export function context(number: number, constructed: boolean, ...contents: readonly Uint8Array[]): Buffer {
  return der(0x80 | (constructed ? 0x20 : 0) | number, ...contents);
}

/** A non-negative INTEGER from big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex(byte => byte !== 0);
  const minimal = first < 0 ? Buffer.from([0]) : bytes.subarray(first);
  const negative = ((minimal[0] ?? 0) & 0x80) !== 0;
  return der(0x02, ...(negative ? [Buffer.from([0])] : []), minimal);
}

export function boolean(value: boolean): Buffer {
  return der(0x01, Buffer.from([value ? 0xff : 0]));
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const out: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) {
      groups.unshift((high % 128) | 0x80);
    }
    out.push(...groups);
  }
  return der(0x06, Buffer.from(out));
}

export function utf8String(text: string): Buffer {
  return der(0x0c, Buffer.from(text));
}

export function octetString(bytes: Uint8Array): Buffer {
  return der(0x04, bytes);
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return der(0x03, Buffer.from([unusedBits]), bytes);
}

/** UTCTime up to 2049, GeneralizedTime after it (RFC 5280, section 4.1.2.5). Whole seconds. */
export function time(date: Date): Buffer {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits));
}

/** Text form of DER bytes (RFC 7468). */
export function pem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .replace(/(.{64})(?=.)/g, '$1\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
