const HEAD_BYTES = 5;

/** A message in its frame: a byte for compression, four for the length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + message.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEAD_BYTES);
  return frame;
}

/** Joins the chunks of a stream to messages. A chunk is copied at most once. */
export class FrameReader {
  readonly #onMessage: (message: Buffer) => void;
  #chunks: Buffer[] = [];
  #length = 0;
  /** Bytes of the frame that is being read, its head included; undefined while the head is not whole. */
  #wanted: number | undefined;

  constructor(onMessage: (message: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= (this.#wanted ?? HEAD_BYTES)) {
      if (this.#wanted === undefined) {
        this.#wanted = HEAD_BYTES + this.#joined().readUInt32BE(1);
        continue;
      }
      const bytes = this.#joined();
      const rest = bytes.subarray(this.#wanted);
      const message = bytes.subarray(HEAD_BYTES, this.#wanted);
      this.#chunks = rest.length === 0 ? [] : [rest];
      this.#length = rest.length;
      this.#wanted = undefined;
      this.#onMessage(message);
    }
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const joined = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [joined];
    return joined;
  }
}
