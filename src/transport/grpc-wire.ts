import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { asSerialized, resetStream } from './grpc-internals.ts';
import type { StreamWire } from './stream-driver.ts';
import type { EncodedResponse } from './update-encoder.ts';

/** A server call that carries encoded messages both ways. */
export type RawCall = ServerDuplexStream<Buffer, Buffer>;

/**
 * Bytes handed to grpc-js and not yet taken by the connection from which on the client counts as slow. About one
 * HTTP/2 flow control window: a client that reads takes that much without being asked.
 */
const HIGH_WATER_BYTES = 64 * 1024;

/**
 * A grpc-js call as the wire of a stream. Counts bytes, because grpc-js counts messages: its own mark of 16 would let
 * 16 full CDS responses pile up for a client that does not read.
 */
export class GrpcWire implements StreamWire {
  readonly #call: RawCall;
  readonly #onDrained: () => void;
  #pendingBytes = 0;
  #waiting = false;
  #ended = false;

  constructor(call: RawCall, onDrained: () => void) {
    this.#call = call;
    this.#onDrained = onDrained;
  }

  write(response: EncodedResponse): boolean {
    if (this.#ended) return true;
    this.#pendingBytes += response.byteLength;
    this.#call.write(asSerialized(response), (error?: Error | null) => {
      this.#pendingBytes -= response.byteLength;
      // With an error the call is over; its end is told separately.
      if (error || !this.#waiting || this.#pendingBytes > 0) return;
      this.#waiting = false;
      this.#onDrained();
    });
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
    resetStream(this.#call);
  }
}
