import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';

/**
 * A gRPC client down at HTTP/2 that reads nothing until it is told to: libraries read at least one message ahead, so
 * with them a server never meets a full flow control window.
 */
export class DeafClient implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  #received = Buffer.alloc(0);
  /** True once the stream is over. */
  closed = false;

  constructor(address: string, path: string) {
    this.#session = connect(`http://${address}`);
    this.#session.on('error', () => undefined);
    this.#stream = this.#session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
    });
    this.#stream.on('error', () => undefined);
    this.#stream.on('close', () => {
      this.closed = true;
    });
    this.#stream.pause();
  }

  /** HTTP/2 error code with which the stream was reset; undefined while it lives. */
  get resetCode(): number | undefined {
    return this.#stream.rstCode;
  }

  send(message: Uint8Array): void {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    this.#stream.write(Buffer.concat([head, message]));
  }

  /** Begins to read, from the first byte on. */
  listen(): void {
    this.#stream.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    this.#stream.resume();
  }

  /** The messages that arrived whole so far. */
  messages(): Buffer[] {
    const messages: Buffer[] = [];
    let offset = 0;
    while (offset + 5 <= this.#received.length) {
      const end = offset + 5 + this.#received.readUInt32BE(offset + 1);
      if (end > this.#received.length) break;
      messages.push(this.#received.subarray(offset + 5, end));
      offset = end;
    }
    return messages;
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}
