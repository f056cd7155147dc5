import {
  ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  status,
} from '@grpc/grpc-js';
import {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '../../src/gen/envoy/service/discovery/v3/discovery.ts';
import type { Node } from '../../src/gen/envoy/config/core/v3/base.ts';
import type { TypeUrl } from '../../src/resources/type-url.ts';
import type { DiscoveryMethod } from '../../src/transport/discovery-services.ts';
import { discoveryPath } from './discovery-path.ts';
import { waitFor } from './wait-for.ts';

export type Variant = 'sotw' | 'delta';

/** A response of either variant in one shape. */
export interface Received {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly versionInfo: string;
  readonly controlPlane: string;
  /** The bodies as text, in the order received: what `test/support/resources.ts` wrote, `name=content`. */
  readonly bodies: readonly string[];
  /** Delta: the names of `resources`, bodiless ones included. */
  readonly names: readonly string[];
  /** Delta: `removed_resources`. */
  readonly removed: readonly string[];
  /** Delta: versions by name. */
  readonly versions: ReadonlyMap<string, string>;
}

/** How a stream ended. */
export interface Ended {
  readonly code: status;
  readonly details: string;
}

/** What a request may carry beside its type; `names` is the whole list (SotW) or the names to add (delta). */
export interface RequestFields {
  readonly names?: readonly string[];
  readonly unsubscribe?: readonly string[];
  readonly initialVersions?: Readonly<Record<string, string>>;
  readonly nonce?: string;
  readonly versionInfo?: string;
  readonly error?: string;
  /** Default: the node of the client, in the first request of the stream only. */
  readonly node?: Partial<Node> | undefined;
}

/** A bare xDS client: sends what it is told to and keeps what it receives. It acknowledges nothing by itself. */
export class XdsClient implements Disposable {
  readonly #client: Client;
  readonly #node: Partial<Node>;

  constructor(
    address: string,
    node: Partial<Node> = { id: 'edge-1', cluster: 'edge' },
    credentials: ChannelCredentials = ChannelCredentials.createInsecure(),
    options: ClientOptions = {},
  ) {
    this.#client = new Client(address, credentials, {
      // A connection of its own, so that no two clients of a test share one; no size limit, as in Envoy.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      ...options,
    });
    this.#node = node;
  }

  /** @param service `ads`, or the short name of a type for its own service. */
  open(service: DiscoveryMethod['service'], variant: Variant): XdsStream {
    const call = this.#client.makeBidiStreamRequest<Buffer, Buffer>(
      discoveryPath(service, variant),
      bytes => bytes,
      bytes => bytes,
    );
    return new XdsStream(call, variant, this.#node);
  }

  /** A unary call with raw bytes; resolves with the status. */
  unary(path: string, request: Buffer): Promise<Ended> {
    return new Promise(resolve => {
      this.#client.makeUnaryRequest<Buffer, Buffer>(
        path,
        bytes => bytes,
        bytes => bytes,
        request,
        error => resolve({ code: error?.code ?? status.OK, details: error?.details ?? '' }),
      );
    });
  }

  /** A bidirectional call with raw bytes. */
  raw(path: string): ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest<Buffer, Buffer>(
      path,
      bytes => bytes,
      bytes => bytes,
    );
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** One stream of a bare client. */
export class XdsStream {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly received: Received[] = [];
  /** Resolves when the stream is over. */
  readonly ended: Promise<Ended>;
  readonly #variant: Variant;
  readonly #node: Partial<Node>;
  readonly #names = new Map<string, readonly string[]>();
  #first = true;
  #taken = 0;

  constructor(call: ClientDuplexStream<Buffer, Buffer>, variant: Variant, node: Partial<Node>) {
    this.call = call;
    this.#variant = variant;
    this.#node = node;
    call.on('data', (bytes: Buffer) => void this.received.push(decode(variant, bytes)));
    call.on('error', () => undefined);
    this.ended = new Promise(resolve => {
      call.on('status', ({ code, details }) => resolve({ code, details }));
    });
  }

  /** Sends one request. */
  request(typeUrl: TypeUrl | '', fields: RequestFields = {}): void {
    const node = 'node' in fields ? fields.node : this.#first ? this.#node : undefined;
    this.#first = false;
    const common = {
      typeUrl,
      responseNonce: fields.nonce ?? '',
      ...(node === undefined ? {} : { node }),
      ...(fields.error === undefined
        ? {}
        : { errorDetail: { code: 13, message: fields.error, details: [] } }),
    };
    if (this.#variant === 'sotw') {
      const names = fields.names ?? this.#names.get(typeUrl) ?? [];
      this.#names.set(typeUrl, names);
      const message = DiscoveryRequest.fromPartial({
        ...common,
        resourceNames: [...names],
        versionInfo: fields.versionInfo ?? '',
      });
      this.call.write(Buffer.from(DiscoveryRequest.encode(message).finish()));
    } else {
      const message = DeltaDiscoveryRequest.fromPartial({
        ...common,
        resourceNamesSubscribe: [...(fields.names ?? [])],
        resourceNamesUnsubscribe: [...(fields.unsubscribe ?? [])],
        initialResourceVersions: { ...fields.initialVersions },
      });
      this.call.write(Buffer.from(DeltaDiscoveryRequest.encode(message).finish()));
    }
  }

  /** The next response that was not taken yet. */
  async next(): Promise<Received> {
    const response = await waitFor('a response', () => this.received[this.#taken]);
    this.#taken += 1;
    return response;
  }

  /** The next response, acknowledged. */
  async take(): Promise<Received> {
    const response = await this.next();
    this.ack(response);
    return response;
  }

  /** Responses that were not taken yet. */
  get untaken(): readonly Received[] {
    return this.received.slice(this.#taken);
  }

  ack(response: Received, fields: RequestFields = {}): void {
    const { typeUrl, nonce, versionInfo } = response;
    this.request(typeUrl as TypeUrl, { nonce, versionInfo, ...fields });
  }

  nack(response: Received, error: string, fields: RequestFields = {}): void {
    this.request(response.typeUrl as TypeUrl, { nonce: response.nonce, error, ...fields });
  }
}

function decode(variant: Variant, bytes: Buffer): Received {
  if (variant === 'sotw') {
    const response = DiscoveryResponse.decode(bytes);
    return {
      typeUrl: response.typeUrl,
      nonce: response.nonce,
      versionInfo: response.versionInfo,
      controlPlane: response.controlPlane?.identifier ?? '',
      bodies: response.resources.map(any => any.value.toString()),
      names: [],
      removed: [],
      versions: new Map(),
    };
  }
  const response = DeltaDiscoveryResponse.decode(bytes);
  return {
    typeUrl: response.typeUrl,
    nonce: response.nonce,
    versionInfo: response.systemVersionInfo,
    controlPlane: response.controlPlane?.identifier ?? '',
    bodies: response.resources.flatMap(entry => entry.resource?.value.toString() ?? []),
    names: response.resources.map(entry => entry.name),
    removed: response.removedResources,
    versions: new Map(response.resources.map(entry => [entry.name, entry.version])),
  };
}
