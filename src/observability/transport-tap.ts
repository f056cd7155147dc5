import type { Fleet } from '../fleet/fleet.ts';
import { findSuspects } from '../fleet/find-suspects.ts';
import { redactReason } from '../fleet/redact-reason.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Effect } from '../protocol/effect.ts';
import { shortNameOf } from '../resources/type-url.ts';
import type { StreamView } from '../transport/stream-view.ts';
import type { TransportEvent, TransportObserver } from '../transport/transport-event.ts';
import { Sampler } from './sampler.ts';
import { logTransportEvent } from './transport-log.ts';
import { TransportMetrics } from './transport-metrics.ts';

/** The one tap of the transport: feeds fleet state, metrics and the log. */
export function transportTap(parts: {
  readonly fleet: Fleet;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
}): TransportObserver {
  const { fleet, log, clock } = parts;
  const metrics = new TransportMetrics(parts.metrics);
  const connections = new Sampler(clock, { limit: 10, windowMs: 10_000 });
  const nacks = new Sampler(clock, { limit: 200, windowMs: 10_000 });
  return event => {
    metrics.observe(event);
    feedFleet(fleet, event);
    const nack = event.kind === 'effect' && event.effect.kind === 'nacked' ? event.effect : undefined;
    if (event.kind === 'effect' && nack !== undefined) {
      sampled(nacks, log, target => logNack(target, event.stream, nack));
    } else if (STRANGERS.has(event.kind))
      sampled(connections, log, target => logTransportEvent(target, event));
    else logTransportEvent(log, event);
  };
}

/** Events that anybody who reaches the port can cause as often as they like. */
const STRANGERS: ReadonlySet<TransportEvent['kind']> = new Set([
  'connectionFailed',
  'tlsHandshakeFailed',
  'streamRefused',
  'nodeMissing',
  'identityRefused',
]);

function sampled(sampler: Sampler, log: Logger, write: (log: Logger) => void): void {
  const admitted = sampler.admit();
  if (admitted === undefined) return;
  write(admitted.suppressed === 0 ? log : log.child({ suppressed: admitted.suppressed }));
}

function feedFleet(fleet: Fleet, event: TransportEvent): void {
  switch (event.kind) {
    case 'nodeIdentified': {
      const { id: streamId, service: api, variant, peer, openedAtMs, node } = event.stream;
      if (node !== undefined) fleet.connected({ streamId, api, variant, peer, openedAtMs }, node);
      break;
    }
    case 'snapshotTaken':
      fleet.assigned(event.stream.id, event.snapshot.nodeGroup);
      break;
    case 'effect':
      fleet.observe(event.stream.id, event.effect, event.atMs);
      break;
    case 'streamClosed':
      fleet.disconnected(event.stream.id, event.atMs);
      break;
    default:
      break;
  }
}

/** What the proxy said may quote configuration: it is redacted, and traced to the file and line at fault. */
function logNack(log: Logger, stream: StreamView, effect: Extract<Effect, { kind: 'nacked' }>): void {
  const { rejection, resources, typeUrl, nonce, versionInfo } = effect;
  const suspects = findSuspects(rejection.message, resources);
  const [first] = suspects;
  const reason = redactReason(rejection.message);
  log.error(
    {
      event: 'xds.nack',
      stream_id: stream.id,
      node_id: stream.node?.id,
      group: stream.nodeGroup,
      type: shortNameOf(typeUrl),
      type_url: typeUrl,
      version: versionInfo,
      nonce,
      code: rejection.code,
      resources: suspects.map(({ name, file, line }) => `${name} ${file}:${line}`),
      file: first?.file,
      line: first?.line,
    },
    `a proxy rejected ${shortNameOf(typeUrl)}: ${reason}`,
  );
}
