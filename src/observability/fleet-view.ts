import type { NackStatus, NodeStatus, StreamStatus, TypeStatus } from '../admin/status-source.ts';
import type { NodeRejection } from '../fleet/fleet.ts';
import type { NodeTypeView, NodeView } from '../fleet/node-view.ts';
import type { StreamRecord } from '../fleet/stream-record.ts';
import type { ResponseMark } from '../fleet/type-record.ts';
import { resourceType } from '../resources/type-url.ts';

/** A proxy in the form of the admin API. */
export function nodeStatus(view: NodeView): NodeStatus {
  const { node, group, state, streams, types, disconnectedAtMs } = view;
  return {
    id: node.id,
    cluster: node.cluster,
    user_agent: node.userAgent ?? '',
    auth_edits: node.lacksFilterChain === true ? 'drain' : 'in-place',
    group: group ?? null,
    connected: disconnectedAtMs === undefined,
    disconnected_at: timeOf(disconnectedAtMs),
    state,
    streams: streams.map(streamStatus),
    types: Object.fromEntries(types.map(type => [typeName(type.typeUrl), typeStatus(view, type)])),
  };
}

/** A rejection in the form of the admin API. */
export function nackStatus(rejection: NodeRejection): NackStatus {
  const { nodeId, group, typeUrl, versionInfo, atMs, stands, code, reason, suspects } = rejection;
  return {
    node: nodeId,
    group: group ?? null,
    type: typeName(typeUrl),
    type_url: typeUrl,
    version: versionInfo,
    at: new Date(atMs).toISOString(),
    stands,
    code,
    reason,
    resources: suspects.map(({ name, file, line, column }) => ({ name, file, line, column })),
  };
}

function streamStatus({ streamId, api, variant, peer, openedAtMs }: StreamRecord): StreamStatus {
  return {
    id: streamId,
    service: api,
    protocol: variant,
    peer,
    opened_at: new Date(openedAtMs).toISOString(),
  };
}

function typeStatus({ node, group }: NodeView, { state, record }: NodeTypeView): TypeStatus {
  const { sent, acked, rejected } = record;
  return {
    state,
    sent_version: versionOf(sent),
    sent_at: timeOf(sent?.atMs),
    acked_version: versionOf(acked),
    acked_at: timeOf(acked?.atMs),
    nack:
      rejected === undefined
        ? null
        : nackStatus({ ...rejected, nodeId: node.id, group, streamId: '', stands: true }),
  };
}

function typeName(typeUrl: string): string {
  return resourceType(typeUrl)?.shortName ?? typeUrl;
}

function versionOf(mark: ResponseMark | undefined): string | null {
  return mark?.versionInfo ?? null;
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
