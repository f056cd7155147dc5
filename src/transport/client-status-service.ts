import {
  type MethodDefinition,
  type sendUnaryData,
  type Server,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import type { NodeTypeView, NodeView } from '../fleet/node-view.ts';
import type { SyncState } from '../fleet/type-record.ts';
import { ClientResourceStatus } from '../gen/envoy/admin/v3/config_dump_shared.ts';
import {
  ClientConfig,
  type ClientConfig_GenericXdsConfig,
  ClientStatusDiscoveryServiceService,
  ClientStatusRequest,
  ClientStatusResponse,
  ConfigStatus,
} from '../gen/envoy/service/status/v3/csds.ts';
import type { NodeMatcher } from '../gen/envoy/type/matcher/v3/node.ts';
import type { StringMatcher } from '../gen/envoy/type/matcher/v3/string.ts';
import { rawMethod } from './discovery-services.ts';
import type { RawCall } from './grpc-wire.ts';

const { fetchClientStatus, streamClientStatus } = ClientStatusDiscoveryServiceService;

const CONFIG_STATUS: Readonly<Record<SyncState, ConfigStatus>> = {
  waiting: ConfigStatus.NOT_SENT,
  pending: ConfigStatus.STALE,
  synced: ConfigStatus.SYNCED,
  nacked: ConfigStatus.ERROR,
};

const CLIENT_STATUS: Readonly<Record<SyncState, ClientResourceStatus>> = {
  waiting: ClientResourceStatus.REQUESTED,
  pending: ClientResourceStatus.REQUESTED,
  synced: ClientResourceStatus.ACKED,
  nacked: ClientResourceStatus.NACKED,
};

interface Refusal {
  readonly code: status;
  readonly details: string;
}

/**
 * CSDS (envoy/service/status/v3/csds.proto): what authplane knows of each connected node, one entry for each type.
 * Contents of resources are never told. Nodes are chosen by `node_matchers` on the node id: exact, prefix, suffix or
 * contains; a regular expression of a stranger is not run here, so other matchers are refused with INVALID_ARGUMENT.
 */
export class ClientStatusService {
  readonly name = 'envoy.service.status.v3.ClientStatusDiscoveryService';
  readonly #nodes: () => readonly NodeView[];

  /** @param nodes the fleet, as `Fleet.nodes` gives it. */
  constructor(nodes: () => readonly NodeView[]) {
    this.#nodes = nodes;
  }

  addTo(server: Server): void {
    const fetch: MethodDefinition<Buffer, Buffer> = {
      ...rawMethod(fetchClientStatus.path),
      requestStream: false,
      responseStream: false,
    };
    server.addService(
      { fetch, stream: rawMethod(streamClientStatus.path) },
      {
        fetch: (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
          const answer = this.#answer(call.request);
          if (Buffer.isBuffer(answer)) reply(null, answer);
          else reply(answer);
        },
        stream: (call: RawCall) => this.#serve(call),
      },
    );
  }

  #serve(call: RawCall): void {
    call.on('end', () => call.end());
    call.on('data', (request: Buffer) => {
      const answer = this.#answer(request);
      if (!Buffer.isBuffer(answer)) {
        call.emit('error', answer);
        return;
      }
      // One answer at a time: a client that does not read gets no second one made for it.
      call.pause();
      call.write(answer, () => call.resume());
    });
  }

  #answer(request: Buffer): Buffer | Refusal {
    let matchers: NodeMatcher[];
    try {
      matchers = ClientStatusRequest.decode(request).nodeMatchers;
    } catch {
      return { code: status.INVALID_ARGUMENT, details: 'not a valid ClientStatusRequest' };
    }
    if (!matchers.every(isSupported)) {
      return {
        code: status.INVALID_ARGUMENT,
        details: 'node_matchers: only node_id with exact, prefix, suffix or contains is supported',
      };
    }
    const config = this.#nodes()
      .filter(view => view.streams.length > 0)
      .filter(
        view => matchers.length === 0 || matchers.some(matcher => matches(matcher.nodeId, view.node.id)),
      )
      .map(clientConfigOf);
    return Buffer.from(ClientStatusResponse.encode({ config }).finish());
  }
}

function isSupported(matcher: NodeMatcher): boolean {
  const kind = matcher.nodeId?.matchPattern?.$case;
  return (
    matcher.nodeMetadatas.length === 0 && kind !== undefined && kind !== 'safeRegex' && kind !== 'custom'
  );
}

function matches(matcher: StringMatcher | undefined, id: string): boolean {
  const pattern = matcher?.matchPattern;
  if (pattern === undefined || typeof pattern.value !== 'string') return false;
  const fold = (text: string): string => (matcher?.ignoreCase === true ? text.toLowerCase() : text);
  const [value, wanted] = [fold(id), fold(pattern.value)];
  switch (pattern.$case) {
    case 'exact':
      return value === wanted;
    case 'prefix':
      return value.startsWith(wanted);
    case 'suffix':
      return value.endsWith(wanted);
    case 'contains':
      return value.includes(wanted);
    case 'safeRegex':
    case 'custom':
      return false;
  }
}

function clientConfigOf({ node, types }: NodeView): ClientConfig {
  return ClientConfig.fromPartial({
    node: { id: node.id, cluster: node.cluster, userAgentName: node.userAgent ?? '' },
    genericXdsConfigs: types.map(xdsConfigOf),
  });
}

function xdsConfigOf({ typeUrl, state, record }: NodeTypeView): ClientConfig_GenericXdsConfig {
  const { acked, rejected } = record;
  return {
    typeUrl,
    name: '',
    versionInfo: acked?.versionInfo ?? '',
    xdsConfig: undefined,
    lastUpdated: acked === undefined ? undefined : new Date(acked.atMs),
    configStatus: CONFIG_STATUS[state],
    clientStatus: CLIENT_STATUS[state],
    errorState:
      rejected === undefined
        ? undefined
        : {
            failedConfiguration: undefined,
            lastUpdateAttempt: new Date(rejected.atMs),
            details: rejected.reason,
            versionInfo: rejected.versionInfo,
          },
    isStaticResource: false,
  };
}
