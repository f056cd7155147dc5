import type { Socket } from 'node:net';
import type { Http2Session } from 'node:http2';
import { type ChannelOptions, Server, ServerCredentials } from '@grpc/grpc-js';
import type { Clock } from '../platform/clock.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import type { IdentityRule } from '../resources/identity-rule.ts';
import type { SnapshotSource } from '../store/snapshot-source.ts';
import { type AdmissionOptions, DEFAULT_ADMISSION } from './admission.ts';
import { DISCOVERY_METHODS, discoveryServiceNames } from './discovery-services.ts';
import { http2ServersOf } from './grpc-internals.ts';
import type { RawCall } from './grpc-wire.ts';
import type { Overload } from './load-guard.ts';
import { HealthService } from './health-service.ts';
import type { PeerCertificate } from '../tls/peer-certificate.ts';
import { ReflectionService } from './reflection-service.ts';
import { DEFAULT_STREAM_LIMITS, type StreamLimits } from './stream-limits.ts';
import type { ServedVersions } from './served-versions.ts';
import { StreamRegistry } from './stream-registry.ts';
import type { StagesFor } from './stream-driver.ts';
import type { StreamView } from './stream-view.ts';
import { type TlsFiles, ServerTls, type WatchPaths } from '../tls/server-tls.ts';
import { ReloadableCredentials } from './tls-credentials.ts';
import type { TransportEvent, TransportObserver } from './transport-event.ts';

export interface XdsServerParts {
  /** What streams have been given since the process began. */
  readonly served: ServedVersions;
  /** Why new streams are turned away now. Default: they never are. */
  readonly overload?: () => Overload | undefined;
  readonly source: SnapshotSource;
  readonly stages: StagesFor;
  readonly clock: Clock;
  readonly observe: TransportObserver;
  /** A number in [0, 1): the order in which a drain ends streams. */
  readonly random: () => number;
  /** The encoded `FileDescriptorSet` for reflection; called at most once, when a client asks. */
  readonly loadDescriptors: () => Uint8Array;
  /** Hints that certificate files changed. Without it they are only polled. */
  readonly watch?: WatchPaths;
  /** More services on the same port. */
  readonly services?: readonly { readonly name: string; addTo(server: Server): void }[];
}

export interface XdsServerOptions {
  /** `control_plane.identifier` of every response: names the replica. */
  readonly controlPlaneId: string;
  /** Plaintext without it. */
  readonly tls?: TlsFiles;
  /**
   * Clients must show the certificate of the node that they claim to be; needs `tls` with a client CA. What tells about other nodes or
   * of what is served (CSDS, reflection) is then not served at all.
   */
  readonly identity?: IdentityRule;
  readonly limits?: Partial<StreamLimits>;
  readonly admission?: Partial<AdmissionOptions>;
  readonly connections?: Partial<ConnectionOptions>;
}

/** Settings of connections. */
export interface ConnectionOptions {
  /** Largest request that is read. */
  readonly maxRequestBytes: number;
  /** An idle connection is pinged so often; without an answer in `keepaliveTimeoutMs` it is dropped. */
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** After this age (grpc-js spreads it by 10 % either way) a client is asked to connect anew, so that load evens out. */
  readonly maxConnectionAgeMs: number;
  /** How long it has to do so before the connection is closed. */
  readonly maxConnectionAgeGraceMs: number;
  /** HTTP/2 streams of one connection. An Envoy on per-type services opens one for each EDS cluster. */
  readonly maxConcurrentStreams: number;
  /** How often certificate files are read without a hint. */
  readonly tlsPollMs: number;
}

const DEFAULT_CONNECTIONS: ConnectionOptions = {
  maxRequestBytes: 4 * 1024 * 1024,
  keepaliveTimeMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  maxConnectionAgeMs: 30 * 60_000,
  maxConnectionAgeGraceMs: 10_000,
  maxConcurrentStreams: 1_000_000,
  tlsPollMs: 1_000,
};

/** The gRPC server that proxies connect to: discovery services, health and reflection on one port. */
export class XdsServer {
  readonly #parts: XdsServerParts;
  readonly #connections: ConnectionOptions;
  readonly #tlsFiles: TlsFiles | undefined;
  readonly #registry: StreamRegistry;
  readonly #health = new HealthService();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #tls: ServerTls | undefined;
  #address: string | undefined;

  constructor(parts: XdsServerParts, options: XdsServerOptions) {
    this.#parts = parts;
    this.#connections = { ...DEFAULT_CONNECTIONS, ...options.connections };
    this.#tlsFiles = options.tls;
    const isRevoked = (certificate: PeerCertificate): boolean => this.#tls?.isRevoked(certificate) === true;
    this.#registry = new StreamRegistry(
      {
        overload: () => undefined,
        ...parts,
        ...(options.tls?.clientCrlPath === undefined ? {} : { isRevoked }),
      },
      {
        controlPlaneId: options.controlPlaneId,
        limits: { ...DEFAULT_STREAM_LIMITS, ...options.limits },
        admission: { ...DEFAULT_ADMISSION, ...options.admission },
        verifiesClients: options.tls?.clientCaPath !== undefined,
        ...(options.identity === undefined ? {} : { identity: options.identity }),
      },
    );
    this.#server = new Server(channelOptions(this.#connections));
    this.#addServices(options.identity === undefined);
  }

  /** The open streams. */
  streams(): StreamView[] {
    return this.#registry.streams();
  }

  /** Streams that wait for the newest snapshot to be pushed. */
  get pushQueueDepth(): number {
    return this.#registry.pushQueueDepth;
  }

  /**
   * Listens on `host:port` (port 0 takes a free one; an IPv6 host stands in brackets) or `unix:path`.
   * @returns the address with the port taken.
   * @throws AuthplaneError LISTEN_FAILED, TLS_FILES_INVALID.
   */
  async start(address: string): Promise<string> {
    const { clock, watch } = this.#parts;
    if (this.#tlsFiles !== undefined) {
      this.#tls = await ServerTls.load(
        { clock, observe: event => this.#observeTls(event), ...(watch === undefined ? {} : { watch }) },
        { title: 'xDS port', files: this.#tlsFiles, pollMs: this.#connections.tlsPollMs },
      );
    }
    const port = await this.#bind(address, this.#credentials());
    this.#followConnections();
    this.#address = address.startsWith('unix:') ? address : address.replace(/:\d+$/, `:${port}`);
    return this.#address;
  }

  /**
   * Leaves the fleet without a storm: health says NOT_SERVING, connections are told to go (GOAWAY), new streams are
   * refused with UNAVAILABLE, open ones end in random order over `spreadMs`. Then everything is closed.
   */
  async drain(spreadMs: number): Promise<void> {
    this.#health.stopServing();
    const graceMs = spreadMs + this.#connections.maxConnectionAgeGraceMs;
    if (this.#address !== undefined) this.#server.drain(this.#address, graceMs);
    await this.#registry.drain(spreadMs);
    this.stop();
  }

  /** Closes everything at once. Idempotent. */
  stop(): void {
    this.#tls?.[Symbol.dispose]();
    this.#server.forceShutdown();
    // grpc-js ends its half of a connection and then waits for the peer, for as long as that likes.
    for (const socket of this.#sockets) socket.destroySoon();
  }

  #addServices(isOpen: boolean): void {
    for (const method of DISCOVERY_METHODS) {
      this.#server.addService(
        { open: method.definition },
        { open: (call: RawCall) => this.#registry.accept(call, method) },
      );
    }
    this.#health.addTo(this.#server);
    if (!isOpen) return;
    const more = this.#parts.services ?? [];
    for (const service of more) service.addTo(this.#server);
    const names = [...discoveryServiceNames(), ...more.map(service => service.name), 'grpc.health.v1.Health'];
    new ReflectionService(this.#parts.loadDescriptors, names).addTo(this.#server);
  }

  #observeTls(event: TransportEvent): void {
    this.#parts.observe(event);
    if (event.kind === 'tlsLoaded') this.#registry.endRevoked();
  }

  #credentials(): ServerCredentials {
    if (this.#tls === undefined) return ServerCredentials.createInsecure();
    const credentials = new ReloadableCredentials(this.#tlsFiles?.clientCaPath !== undefined);
    this.#tls.follow(context => credentials.replace(context));
    return credentials;
  }

  #bind(address: string, credentials: ServerCredentials): Promise<number> {
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown): void => {
        this.stop();
        const message = `cannot listen on ${address}: ${messageOf(cause)}`;
        reject(new AuthplaneError('LISTEN_FAILED', message, { cause }));
      };
      try {
        this.#server.bindAsync(address, credentials, (error, port) => {
          if (error === null) resolve(port);
          else failed(error);
        });
      } catch (thrown) {
        failed(thrown);
      }
    });
  }

  /** Remembers open sockets, and tells of those that never carry a stream: not HTTP/2, or a failed TLS handshake. */
  #followConnections(): void {
    const { observe } = this.#parts;
    for (const server of http2ServersOf(this.#server)) {
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
      });
      server.on('sessionError', (error: Error, session: Http2Session) => {
        observe({ kind: 'connectionFailed', peer: peerOf(session.socket), message: error.message });
      });
      server.on('tlsClientError', (error: Error, socket: Socket) => {
        observe({ kind: 'tlsHandshakeFailed', peer: peerOf(socket), message: error.message });
      });
    }
  }
}

function peerOf(socket: Pick<Socket, 'remoteAddress' | 'remotePort'> | undefined): string {
  return socket?.remoteAddress === undefined
    ? 'unknown'
    : `${socket.remoteAddress}:${socket.remotePort ?? 0}`;
}

function channelOptions(connections: ConnectionOptions): ChannelOptions {
  return {
    'grpc.max_receive_message_length': connections.maxRequestBytes,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': connections.keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': connections.keepaliveTimeoutMs,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.max_connection_age_ms': connections.maxConnectionAgeMs,
    'grpc.max_connection_age_grace_ms': connections.maxConnectionAgeGraceMs,
    'grpc.max_concurrent_streams': connections.maxConcurrentStreams,
    'grpc.enable_channelz': 0,
  };
}
