import { constants, type ServerHttp2Stream } from 'node:http2';
import type { EventEmitter } from 'node:events';
import type { Server } from '@grpc/grpc-js';

/*
 * The places where grpc-js 1.14 has no public way. Each is held by a test, so that an upgrade that changes the shape is
 * noticed; those that look inside do nothing where the shape is another one.
 */

/** All that grpc-js asks of a serialized message: its length, and to copy itself behind the five bytes of the frame. */
interface Serialized {
  readonly byteLength: number;
  copy(target: Uint8Array, offset?: number): number;
}

/**
 * Passes a message that is in several pieces for the one Buffer that the types ask for. Joining them first would copy
 * every response twice: for 1,000 streams and 290 kB that is 70 ms of CPU for each push, a quarter of it all.
 */
export function asSerialized(message: Serialized): Buffer {
  return message as unknown as Buffer;
}

/**
 * Resets the HTTP/2 stream of a call. A status would wait behind the data that the client does not read, and hold its
 * memory as long as the connection lives.
 */
export function resetStream(call: object): void {
  const intercepting = propertyOf(call, 'call');
  const stream = propertyOf(intercepting, 'stream');
  if (isHttp2Stream(stream)) stream.close(constants.NGHTTP2_CANCEL);
}

/** The HTTP/2 servers behind a gRPC server, whose `sessionError` and `tlsClientError` nobody else listens to. */
export function http2ServersOf(server: Server): EventEmitter[] {
  const servers = propertyOf(server, 'http2Servers');
  return servers instanceof Map ? [...(servers.keys() as Iterable<EventEmitter>)] : [];
}

function propertyOf(owner: unknown, name: string): unknown {
  return typeof owner === 'object' && owner !== null ? (owner as Record<string, unknown>)[name] : undefined;
}

function isHttp2Stream(value: unknown): value is ServerHttp2Stream {
  return (
    typeof propertyOf(value, 'close') === 'function' &&
    typeof value === 'object' &&
    value !== null &&
    'rstCode' in value
  );
}
