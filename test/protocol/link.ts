import type { Effect } from '../../src/protocol/effect.ts';
import type { StreamEvent } from '../../src/protocol/event.ts';
import { initialStream, type StreamState } from '../../src/protocol/stream-state.ts';
import { step } from '../../src/protocol/stream.ts';
import type { Update } from '../../src/protocol/update.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import type { TypeUrl } from '../../src/resources/type-url.ts';
import { ServedVersions } from '../../src/transport/served-versions.ts';
import type { EnvoyModel } from './envoy-model.ts';

/** A stream between a client model and the protocol, with both directions as queues that a test moves by hand. */
export class Link {
  readonly client: EnvoyModel;
  readonly effects: Effect[] = [];
  state: StreamState;
  /** Told when the stream goes on to the next stage by itself: the snapshot that it leaves. */
  onStageLeft: (left: Snapshot) => void = () => undefined;
  readonly #inbox: { readonly update: Update; readonly nonce: string }[] = [];
  readonly #served = new ServedVersions();
  #snapshot: Snapshot | undefined;

  constructor(client: EnvoyModel) {
    this.client = client;
    this.state = initialStream({ variant: client.variant, ads: true });
    client.connect();
  }

  /** `then`: stages to follow. */
  publish(snapshot: Snapshot, then: readonly Snapshot[] = []): void {
    this.#snapshot = then.at(-1) ?? snapshot;
    const changed = this.#served.take([snapshot, ...then]);
    this.#feed({ kind: 'snapshot', snapshot, then, changed });
  }

  /** The stream breaks; whatever was on its way is lost. `changedTo` is published before the client is back. */
  reconnect(changedTo = this.#snapshot): void {
    this.#snapshot = changedTo;
    this.#inbox.length = 0;
    this.state = initialStream({ variant: this.client.variant, ads: true });
    this.client.connect();
    const snapshot = this.#snapshot;
    if (snapshot !== undefined)
      this.#feed({ kind: 'snapshot', snapshot, changed: this.#served.take([snapshot]) });
  }

  /** Moves one request to the server. */
  toServer(): boolean {
    const request = this.client.outbox.shift();
    if (request === undefined) return false;
    this.#feed({ kind: 'request', request });
    return true;
  }

  /** Moves one response to the client. */
  toClient(): boolean {
    const response = this.#inbox.shift();
    if (response === undefined) return false;
    this.client.receive(response.update, response.nonce);
    return true;
  }

  /** The types that wait at a gate. */
  get held(): TypeUrl[] {
    return [...this.state.subscriptions.values()]
      .filter(subscription => subscription.hold === 'waiting')
      .map(subscription => subscription.typeUrl);
  }

  expire(typeUrl: TypeUrl): void {
    this.#feed({ kind: 'holdExpired', typeUrl });
  }

  /** Moves everything until both queues are empty. @throws when they never are: a loop. */
  settle(): void {
    for (let moves = 0; moves < 2_000; moves++) {
      if (!this.toServer() && !this.toClient() && !this.client.fetchTimeout()) return;
    }
    throw new Error('the stream never comes to rest');
  }

  get sent(): Extract<Effect, { kind: 'send' }>[] {
    return this.effects.filter(effect => effect.kind === 'send');
  }

  #feed(event: StreamEvent): void {
    const { state, effects } = step(this.state, event);
    const left = this.state.snapshot;
    if (event.kind !== 'snapshot' && left !== undefined && left !== state.snapshot) this.onStageLeft(left);
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.kind === 'send') this.#inbox.push({ update: effect.update, nonce: effect.nonce });
    }
  }
}
