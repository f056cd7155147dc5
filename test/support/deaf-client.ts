import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { framed, FrameReader } from './grpc-frames.ts';

/**
 * A gRPC client down at HTTP/2 that reads nothing until it is told to: libraries read at least one message ahead, so
 * with them a server never meets a full flow control window.
 */
export class DeafClient implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #messages: Buffer[] = [];
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
    this.#stream.write(framed(message));
  }

  /** Begins to read, from the first byte on. */
  listen(): void {
    const reader = new FrameReader(message => this.#messages.push(message));
    this.#stream.on('data', (bytes: Buffer) => reader.push(bytes));
    this.#stream.resume();
  }

  /** The messages that arrived whole so far. */
  messages(): readonly Buffer[] {
    return this.#messages;
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}
