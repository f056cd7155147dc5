import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { shortNameOf } from '../resources/type-url.ts';
import type { StreamView } from '../transport/stream-view.ts';
import type { TransportEvent } from '../transport/transport-event.ts';

/** Logs what operators need of the transport. What proxies write themselves (NACK texts) is not logged here. */
export function logTransportEvent(log: Logger, event: TransportEvent): void {
  switch (event.kind) {
    case 'streamOpened':
      log.debug({ event: 'xds.stream_opened', ...fieldsOf(event.stream) }, 'a stream was opened');
      break;
    case 'nodeIdentified':
      log.info({ event: 'xds.connected', ...fieldsOf(event.stream) }, 'a proxy connected');
      break;
    case 'streamClosed':
      log.info(
        { event: 'xds.stream_closed', reason: event.reason, code: event.code, ...fieldsOf(event.stream) },
        event.message === '' ? 'a stream ended' : event.message,
      );
      break;
    case 'overload':
      logOverload(log, event);
      break;
    case 'streamRefused':
      log.warn(
        { event: 'xds.stream_refused', reason: event.reason, peer: event.peer },
        'a new stream was refused',
      );
      break;
    case 'nodeMissing':
      log.warn(
        { event: 'xds.node_missing', ...fieldsOf(event.stream) },
        'a proxy sent no node.id: it gets nothing; set node.id in its bootstrap',
      );
      break;
    case 'identityRefused':
      logIdentityRefused(log, event);
      break;
    case 'unknownType':
      log.warn(
        { event: 'xds.unknown_type', type_url: event.typeUrl, ...fieldsOf(event.stream) },
        'a proxy asks for a type that authplane does not serve',
      );
      break;
    case 'blocked':
      log.debug(
        { event: 'xds.blocked', ...fieldsOf(event.stream) },
        'a proxy reads slower than it is written to',
      );
      break;
    case 'defect':
      log.error(
        { event: 'xds.defect', err: event.error, ...fieldsOf(event.stream) },
        `a defect in authplane ended a stream: ${messageOf(event.error)}`,
      );
      break;
    case 'effect':
      logEffect(log, event);
      break;
    default:
      logConnectionEvent(log, event);
      break;
  }
}

/** The audit line of a proxy that claimed to be another one. */
function logIdentityRefused(log: Logger, event: Extract<TransportEvent, { kind: 'identityRefused' }>): void {
  const { claimed, stream, message } = event;
  const claim = { claimed_id: claimed?.id, claimed_cluster: claimed?.cluster };
  log.warn({ event: 'xds.identity_refused', ...claim, ...fieldsOf(stream) }, message);
}

/** Connections before there is a stream, and the certificate of the port. */
function logConnectionEvent(log: Logger, event: TransportEvent): void {
  switch (event.kind) {
    case 'connectionFailed':
      log.warn({ event: 'xds.connection_failed', peer: event.peer }, event.message);
      break;
    case 'tlsHandshakeFailed':
      log.warn({ event: 'xds.tls_failed', peer: event.peer }, event.message);
      break;
    case 'tlsLoaded':
      log.info(
        {
          event: 'xds.tls_loaded',
          not_after: new Date(event.notAfterMs).toISOString(),
          fingerprint: event.fingerprint256,
        },
        'new handshakes use this certificate',
      );
      break;
    case 'tlsRefused':
      log.error({ event: 'xds.tls_refused' }, `${event.message}; the certificate before stays in use`);
      break;
    default:
      break;
  }
}

function logEffect(log: Logger, { stream, effect }: Extract<TransportEvent, { kind: 'effect' }>): void {
  if (effect.kind === 'holdEnded' && effect.timedOut) {
    const fields = { event: 'xds.hold_timeout', type: shortNameOf(effect.typeUrl), ...fieldsOf(stream) };
    log.warn(fields, 'an update was sent before what it waits for was acknowledged');
  } else if (effect.kind === 'stale') {
    log.debug(
      { event: 'xds.stale_nonce', type: shortNameOf(effect.typeUrl), ...fieldsOf(stream) },
      'an old nonce',
    );
  }
}

function fieldsOf(stream: StreamView): Readonly<Record<string, unknown>> {
  const { id, service, variant, peer, node, nodeGroup } = stream;
  return {
    stream_id: id,
    service,
    protocol: variant,
    peer,
    node_id: node?.id,
    node_cluster: node?.cluster,
    group: nodeGroup,
  };
}

function logOverload(
  log: Logger,
  { overload: reason, isOver, memoryBytes, lagMs }: Extract<TransportEvent, { kind: 'overload' }>,
): void {
  const fields = { reason, memory_bytes: memoryBytes, lag_ms: Math.round(lagMs) };
  if (isOver)
    log.error({ event: 'xds.overloaded', ...fields }, 'new streams are turned away; open ones go on');
  else log.info({ event: 'xds.relieved', ...fields }, 'new streams are let in again');
}
