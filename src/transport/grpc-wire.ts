import { constants, type ServerHttp2Stream } from 'node:http2';
import { Metadata, status, type ServerDuplexStream } from '@grpc/grpc-js';
import { http2StreamOf } from './grpc-internals.ts';
import type { StreamWire } from './stream-driver.ts';
import type { EncodedResponse } from './update-encoder.ts';

/** A server call that carries encoded messages both ways. */
export type RawCall = ServerDuplexStream<Buffer, Buffer>;

/**
 * Bytes handed to the stream and not yet taken by the connection from which on the client counts as slow. About one
 * HTTP/2 flow control window: a client that reads takes that much without being asked.
 */
const HIGH_WATER_BYTES = 64 * 1024;

/** Two writes cost more than one copy of so much. */
const SMALL_BYTES = 2 * 1024;

/**
 * A grpc-js call as the wire of a stream. grpc-js reads requests, sends headers and ends the call; responses go to its HTTP/2 stream as they are,
 * so that a body is shared by all streams and the kernel. Counts bytes, because a stream would take one message after the other without end.
 */
export class GrpcWire implements StreamWire {
  readonly #call: RawCall;
  readonly #stream: ServerHttp2Stream;
  readonly #onDrained: () => void;
  #hasBegun = false;
  #pendingBytes = 0;
  #waiting = false;
  #ended = false;

  /** @throws AuthplaneError INTERNAL for a call of another release of grpc-js. */
  constructor(call: RawCall, onDrained: () => void) {
    this.#call = call;
    this.#stream = http2StreamOf(call);
    this.#onDrained = onDrained;
  }

  write(response: EncodedResponse): boolean {
    const stream = this.#stream;
    // A stream that has gone: its end is told separately.
    if (this.#ended || !stream.writable) return true;
    if (!this.#hasBegun) this.#call.sendMetadata(new Metadata());
    this.#hasBegun = true;
    const { head, body, byteLength } = response;
    this.#pendingBytes += byteLength;
    const written = (error?: Error | null): void => this.#written(byteLength, error);
    if (byteLength <= SMALL_BYTES) stream.write(Buffer.concat([head, body]), written);
    else {
      stream.cork();
      stream.write(head);
      stream.write(body, written);
      stream.uncork();
    }
    if (this.#pendingBytes >= HIGH_WATER_BYTES) this.#waiting = true;
    return !this.#waiting;
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  end(code: status, message: string): void {
    if (this.#ended) return;
    this.#ended = true;
    if (code === status.OK) this.#call.end();
    // How grpc-js ends a stream with a status: its own listener for `error` sends it.
    else this.#call.emit('error', { code, details: message });
  }

  reset(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #written(bytes: number, error: Error | null | undefined): void {
    this.#pendingBytes -= bytes;
    // With an error the call is over; its end is told separately.
    if (error || !this.#waiting || this.#pendingBytes > 0) return;
    this.#waiting = false;
    this.#onDrained();
  }
}
