import type { IncomingHttpHeaders } from 'node:http';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type SecureClientSessionOptions,
} from 'node:http2';
import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION_CONFIG,
  LISTENER,
  ROUTE,
  SECRET,
  type TypeUrl,
} from '../../src/resources/type-url.ts';
import { discoveryPath } from '../../test/support/discovery-path.ts';
import { framed, FrameReader } from '../../test/support/grpc-frames.ts';
import {
  applyDelta,
  encodeNames,
  encodeRequest,
  readHead,
  type EncodedNames,
  type Variant,
} from './discovery-messages.ts';
import type { FleetNames } from './fleet-names.ts';
import { nodeMessage } from './node-message.ts';

/** What all stand-ins of a load program have in common. */
export interface ProxyContext {
  readonly url: string;
  readonly variant: Variant;
  /** For mutual TLS. */
  readonly tls: SecureClientSessionOptions | undefined;
  /** Lists of names by type, encoded once. */
  readonly names: ReadonlyMap<TypeUrl, EncodedNames>;
  readonly held: HeldVersions;
  readonly observe: (proxy: FleetProxy, event: ProxyEvent) => void;
}

export type ProxyEvent =
  | {
      readonly kind: 'response';
      readonly typeUrl: TypeUrl;
      readonly message: Buffer;
      readonly resources: number;
    }
  /** Every type that the proxy asks for has been answered for the first time. */
  | { readonly kind: 'inSync' }
  | { readonly kind: 'ended'; readonly status: string };

/** What the client asks for when the first response of a type has come: the order of an Envoy that starts. */
const THEN: ReadonlyMap<TypeUrl, readonly TypeUrl[]> = new Map([
  [CLUSTER, [ENDPOINTS, SECRET]],
  [ENDPOINTS, [LISTENER]],
  [LISTENER, [ROUTE, EXTENSION_CONFIG]],
]);
const TYPES: readonly TypeUrl[] = [CLUSTER, ENDPOINTS, SECRET, LISTENER, ROUTE, EXTENSION_CONFIG];

/** Of Envoy: initial_stream_window_size and initial_connection_window_size. */
const STREAM_WINDOW_BYTES = 16 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 24 * 1024 * 1024;

/** The names of a fleet, as requests carry them. */
export function encodedNames(names: FleetNames): ReadonlyMap<TypeUrl, EncodedNames> {
  return new Map(Object.entries(names).map(([typeUrl, list]) => [typeUrl as TypeUrl, encodeNames(list)]));
}

/** What clients hold by name and version; one map for all clients that were sent the same. */
export class HeldVersions {
  readonly #next = new WeakMap<ReadonlyMap<string, string>, Map<string, ReadonlyMap<string, string>>>();

  after(held: ReadonlyMap<string, string>, version: string, message: Buffer): ReadonlyMap<string, string> {
    const known = this.#next.get(held) ?? new Map<string, ReadonlyMap<string, string>>();
    this.#next.set(held, known);
    const key = `${version} ${message.length}`;
    const next = known.get(key) ?? applyDelta(held, message);
    known.set(key, next);
    return next;
  }
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/** One proxy on one connection: subscribes as an Envoy does, and acknowledges (or rejects) what it gets. */
export class FleetProxy {
  readonly id: string;
  /** Rejects every cluster response after the first. */
  readonly refuses: boolean;
  readonly #context: ProxyContext;
  readonly #versions = new Map<TypeUrl, string>();
  readonly #held = new Map<TypeUrl, ReadonlyMap<string, string>>();
  readonly #answered = new Set<TypeUrl>();
  #subscribed = new Set<TypeUrl>();
  #session: ClientHttp2Session | undefined;
  #stream: ClientHttp2Stream | undefined;

  constructor(context: ProxyContext, id: string, refuses = false) {
    this.#context = context;
    this.id = id;
    this.refuses = refuses;
  }

  /** Every type was answered, now or on an earlier stream. */
  get isInSync(): boolean {
    return this.#stream !== undefined && this.#answered.size === TYPES.length;
  }

  open(): void {
    const { url, tls, variant } = this.#context;
    const session = connect(url, {
      ...tls,
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
    });
    this.#session = session;
    this.#subscribed = new Set();
    session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    let status = '';
    const ended = (): void => {
      if (this.#session !== session) return;
      this.#session = undefined;
      this.#stream = undefined;
      session.destroy();
      this.#context.observe(this, { kind: 'ended', status });
    };
    session.on('error', ended);
    session.once('close', ended);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: discoveryPath('ads', variant),
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
    });
    this.#stream = stream;
    const reader = new FrameReader(message => this.#receive(message));
    stream.on('data', (chunk: Buffer) => reader.push(chunk));
    stream.on('response', headers => (status = String(headers['grpc-status'] ?? '')));
    stream.on('trailers', (headers: IncomingHttpHeaders) => (status = String(headers['grpc-status'] ?? '')));
    stream.on('error', ended);
    // A server may end its half and wait for ours.
    stream.once('end', ended);
    stream.once('close', ended);
    this.#subscribe(CLUSTER, nodeMessage(this.id));
    // Like an Envoy that comes back: with all that it asked for before, at once.
    for (const typeUrl of TYPES) if (this.#answered.has(typeUrl)) this.#subscribe(typeUrl);
  }

  /** Ends the connection as a crash does. */
  close(): void {
    const session = this.#session;
    this.#session = undefined;
    this.#stream = undefined;
    session?.destroy();
  }

  #subscribe(typeUrl: TypeUrl, node?: Uint8Array): void {
    if (this.#subscribed.has(typeUrl)) return;
    this.#subscribed.add(typeUrl);
    const { variant, names } = this.#context;
    const version = this.#versions.get(typeUrl) ?? '';
    const held = this.#held.get(typeUrl);
    this.#send(encodeRequest(variant, { typeUrl, node, version, names: names.get(typeUrl), held }));
  }

  #receive(message: Buffer): void {
    const { variant, names, held, observe } = this.#context;
    const { typeUrl, nonce, version, resources } = readHead(message);
    const wasInSync = this.isInSync;
    this.#answered.add(typeUrl);
    if (this.refuses && typeUrl === CLUSTER && this.#versions.has(CLUSTER)) {
      const error = { nonce, error: 'the cluster is refused' };
      const accepted = this.#versions.get(typeUrl) ?? '';
      this.#send(
        encodeRequest(variant, { typeUrl, version: accepted, ...error, names: this.#repeated(typeUrl) }),
      );
    } else {
      this.#versions.set(typeUrl, version);
      if (variant === 'delta') {
        this.#held.set(typeUrl, held.after(this.#held.get(typeUrl) ?? NOTHING, version, message));
        this.#send(encodeRequest(variant, { typeUrl, nonce }));
      } else this.#send(encodeRequest(variant, { typeUrl, version, nonce, names: names.get(typeUrl) }));
    }
    observe(this, { kind: 'response', typeUrl, message, resources });
    for (const next of THEN.get(typeUrl) ?? []) this.#subscribe(next);
    if (this.isInSync && !wasInSync) observe(this, { kind: 'inSync' });
  }

  /** SotW repeats the list in every request. */
  #repeated(typeUrl: TypeUrl): EncodedNames | undefined {
    return this.#context.variant === 'sotw' ? this.#context.names.get(typeUrl) : undefined;
  }

  #send(message: Buffer): void {
    this.#stream?.write(framed(message));
  }
}
