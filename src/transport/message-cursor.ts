/** Wire types of Protocol Buffers (encoding, "Message Structure"). */
export const LENGTH_DELIMITED = 2;

const MAX_VARINT_BYTES = 10;
const MAX_GROUP_DEPTH = 100;

/** Reads an encoded message field by field without making an object or a view for each. Every method throws RangeError where the bytes end too early or are no message. */
export class MessageCursor {
  readonly bytes: Buffer;
  position = 0;

  constructor(message: Uint8Array) {
    this.bytes = Buffer.isBuffer(message)
      ? message
      : Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  }

  get isAtEnd(): boolean {
    return this.position >= this.bytes.length;
  }

  /** An unsigned number; one beyond 2^53 loses its last digits, which only values that are passed over can have. */
  varint(): number {
    const { bytes } = this;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      const byte = bytes[this.position++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new RangeError('no number where one is expected');
  }

  /** The tag of a field: its number times eight, and its wire type. */
  tag(): number {
    const tag = this.varint();
    if (tag < 8 || tag > 0xffffffff) throw new RangeError('no field has this number');
    return tag;
  }

  /** Passes over the length of a delimited field. Returns where its content ends. */
  delimited(): number {
    const length = this.varint();
    const end = this.position + length;
    if (end > this.bytes.length) throw new RangeError('a field is cut off');
    return end;
  }

  /** The content of a delimited field, not copied. */
  view(): Buffer {
    const end = this.delimited();
    const view = this.bytes.subarray(this.position, end);
    this.position = end;
    return view;
  }

  /** The content of a delimited field as text. */
  text(): string {
    return this.textTo(this.delimited());
  }

  /** From here to an end that `delimited` told. */
  textTo(end: number): string {
    const start = this.position;
    this.position = end;
    return this.bytes.toString('utf8', start, end);
  }

  /** Passes over the value of a field. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.#forward(8);
        return;
      case LENGTH_DELIMITED:
        this.position = this.delimited();
        return;
      case 3:
        this.#skipGroup(tag, depth);
        return;
      case 5:
        this.#forward(4);
        return;
      default:
        throw new RangeError('no such wire type');
    }
  }

  #skipGroup(start: number, depth: number): void {
    if (depth >= MAX_GROUP_DEPTH) throw new RangeError('groups are nested too deeply');
    for (;;) {
      const tag = this.tag();
      // The end of a group has the same number, and wire type 4.
      if (tag === start + 1) return;
      this.skip(tag, depth + 1);
    }
  }

  #forward(count: number): void {
    this.position += count;
    if (this.position > this.bytes.length) throw new RangeError('a field is cut off');
  }
}
