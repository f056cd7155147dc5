import type { ServerHttp2Stream } from 'node:http2';
import type { EventEmitter } from 'node:events';
import type { Server } from '@grpc/grpc-js';
import { AuthplaneError } from '../platform/errors.ts';

/*
 * The places where grpc-js 1.14 has no public way. Each is held by a test, so that an upgrade that changes the shape is
 * noticed.
 */

/**
 * The HTTP/2 stream of a call. A response is written to it in pieces: grpc-js copies every message into a frame of its own, which for 1,000
 * streams and 290 kB is 100 ms of CPU and 280 MB for each push. And a stream whose client does not read is reset: a status would wait behind
 * the data, and hold its memory as long as the connection lives.
 * @throws AuthplaneError INTERNAL when the call is not built as expected.
 */
export function http2StreamOf(call: object): ServerHttp2Stream {
  const stream = propertyOf(propertyOf(call, 'call'), 'stream');
  if (isHttp2Stream(stream)) return stream;
  throw new AuthplaneError('INTERNAL', 'this release of @grpc/grpc-js hides the HTTP/2 stream of a call');
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
