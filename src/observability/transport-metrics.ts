import type { Metrics } from '../platform/metrics.ts';
import type { Effect } from '../protocol/effect.ts';
import { shortNameOf, type TypeUrl } from '../resources/type-url.ts';
import type { StreamView } from '../transport/stream-view.ts';
import type { TransportEvent } from '../transport/transport-event.ts';

type EffectEvent = Extract<TransportEvent, { kind: 'effect' }>;

/** What was sent last of a type and is not answered yet. */
interface Flight {
  readonly nonce: string;
  readonly sentAtMs: number;
  /** When the snapshot that it belongs to replaced another one; undefined for a first snapshot. */
  readonly changedAtMs: number | undefined;
}

interface StreamTimes {
  hasSnapshot: boolean;
  changedAtMs: number | undefined;
  /** Types sent since the change: what is sent of them later has another cause, such as a new subscription. */
  readonly sentSinceChange: Set<TypeUrl>;
  readonly flights: Map<TypeUrl, Flight>;
}

/** Counts what the transport tells. */
export class TransportMetrics {
  readonly #metrics: Metrics;
  readonly #times = new WeakMap<StreamView, StreamTimes>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  observe(event: TransportEvent): void {
    switch (event.kind) {
      case 'streamOpened':
        this.#metrics.add('xdsStreams', labelsOf(event.stream), 1);
        this.#metrics.count('xdsStreamsOpened', { protocol: event.stream.variant });
        break;
      case 'streamClosed':
        this.#closed(event);
        break;
      case 'streamRefused':
        this.#metrics.count('xdsAdmissionRejected', { reason: event.reason });
        break;
      case 'snapshotTaken': {
        const times = this.#timesOf(event.stream);
        times.changedAtMs = times.hasSnapshot ? event.atMs : undefined;
        times.hasSnapshot = true;
        times.sentSinceChange.clear();
        break;
      }
      case 'effect':
        this.#effect(event);
        break;
      case 'overload':
        this.#metrics.set('xdsOverloaded', { reason: event.overload }, event.isOver ? 1 : 0);
        break;
      case 'connectionFailed':
        this.#metrics.count('xdsConnectionErrors', { reason: 'protocol' });
        break;
      case 'tlsHandshakeFailed':
        this.#metrics.count('xdsConnectionErrors', { reason: 'tls' });
        break;
      case 'tlsLoaded':
        this.#metrics.set('certificateNotAfter', {}, event.notAfterMs / 1000);
        break;
      default:
        break;
    }
  }

  #closed({ stream, reason, atMs }: Extract<TransportEvent, { kind: 'streamClosed' }>): void {
    this.#metrics.add('xdsStreams', labelsOf(stream), -1);
    this.#metrics.count('xdsStreamsClosed', { reason });
    this.#metrics.observe(
      'xdsStreamSeconds',
      { protocol: stream.variant },
      (atMs - stream.openedAtMs) / 1000,
    );
  }

  #effect(event: EffectEvent): void {
    const { effect, stream, atMs } = event;
    const type = shortNameOf(effect.typeUrl);
    switch (effect.kind) {
      case 'send':
        this.#sent(event, effect);
        break;
      case 'acked':
        this.#metrics.count('xdsRequests', { type, kind: 'ack' });
        this.#acked(stream, effect, atMs);
        break;
      case 'nacked':
        this.#metrics.count('xdsRequests', { type, kind: 'nack' });
        this.#metrics.count('xdsNacks', { type });
        this.#timesOf(stream).flights.delete(effect.typeUrl);
        break;
      case 'stale':
        this.#metrics.count('xdsRequests', { type, kind: 'stale_nonce' });
        break;
      case 'subscribed':
        this.#metrics.count('xdsRequests', { type, kind: 'subscribe' });
        break;
      case 'resumed':
        this.#metrics.count('xdsRequests', { type, kind: 'resume' });
        break;
      case 'holdEnded':
        this.#metrics.count('xdsHolds', { type, result: effect.timedOut ? 'timeout' : 'released' });
        break;
      case 'holdStarted':
        break;
    }
  }

  #sent({ stream, bytes, atMs }: EffectEvent, { typeUrl, nonce }: Extract<Effect, { kind: 'send' }>): void {
    const type = shortNameOf(typeUrl);
    this.#metrics.count('xdsResponses', { type, protocol: stream.variant });
    this.#metrics.observe('xdsResponseBytes', { type }, bytes);
    const times = this.#timesOf(stream);
    const changedAtMs = times.sentSinceChange.has(typeUrl) ? undefined : times.changedAtMs;
    times.sentSinceChange.add(typeUrl);
    times.flights.set(typeUrl, { nonce, sentAtMs: atMs, changedAtMs });
  }

  #acked(stream: StreamView, { typeUrl, nonce }: Extract<Effect, { kind: 'acked' }>, atMs: number): void {
    const { flights } = this.#timesOf(stream);
    const flight = flights.get(typeUrl);
    if (flight?.nonce !== nonce) return;
    flights.delete(typeUrl);
    const type = shortNameOf(typeUrl);
    this.#metrics.observe('xdsAckSeconds', { type }, (atMs - flight.sentAtMs) / 1000);
    if (flight.changedAtMs === undefined) return;
    const group = stream.nodeGroup ?? 'none';
    this.#metrics.observe('xdsConvergenceSeconds', { type, group }, (atMs - flight.changedAtMs) / 1000);
  }

  #timesOf(stream: StreamView): StreamTimes {
    let times = this.#times.get(stream);
    if (times === undefined) {
      times = { hasSnapshot: false, changedAtMs: undefined, sentSinceChange: new Set(), flights: new Map() };
      this.#times.set(stream, times);
    }
    return times;
  }
}

function labelsOf({ variant, service }: StreamView): { protocol: 'sotw' | 'delta'; api: 'ads' | 'single' } {
  return { protocol: variant, api: service === 'ads' ? 'ads' : 'single' };
}
