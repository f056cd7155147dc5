import type { Effect } from '../../src/protocol/effect.ts';
import type { StreamEvent } from '../../src/protocol/event.ts';
import type { DeltaRequest, SotwRequest } from '../../src/protocol/request.ts';
import { initialStream, type StreamState } from '../../src/protocol/stream-state.ts';
import { step } from '../../src/protocol/stream.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import type { TypeUrl } from '../../src/resources/type-url.ts';

/** A stream driven by hand; `last` are the effects of the newest event. */
export class DrivenStream {
  state: StreamState;
  last: readonly Effect[] = [];

  constructor(variant: 'sotw' | 'delta', ads = true) {
    this.state = initialStream({ variant, ads });
  }

  feed(event: StreamEvent): this {
    ({ state: this.state, effects: this.last } = step(this.state, event));
    return this;
  }

  publish(published: Snapshot): this {
    return this.feed({ kind: 'snapshot', snapshot: published });
  }

  expire(typeUrl: TypeUrl): this {
    return this.feed({ kind: 'holdExpired', typeUrl });
  }

  /** SotW request. */
  ask(typeUrl: TypeUrl, names: readonly string[] = [], nonce = '', more: Partial<SotwRequest> = {}): this {
    return this.feed({
      kind: 'request',
      request: { variant: 'sotw', typeUrl, version: '', names, nonce, ...more },
    });
  }

  /** Delta request. */
  delta(typeUrl: TypeUrl, more: Partial<DeltaRequest> = {}): this {
    const request: DeltaRequest = {
      variant: 'delta',
      typeUrl,
      nonce: '',
      subscribe: [],
      unsubscribe: [],
      initialVersions: new Map(),
      ...more,
    };
    return this.feed({ kind: 'request', request });
  }

  /** Sent now: `cds 1: a b, -gone`. */
  get sent(): string[] {
    return this.last.flatMap(effect => {
      if (effect.kind !== 'send') return [];
      const names = effect.update.resources.map(entry => entry.name);
      const gone = effect.update.removed.map(name => `-${name}`);
      const bodiless = effect.update.bodiless.map(name => `?${name}`);
      return [[...names, ...gone, ...bodiless].join(' ')];
    });
  }

  get nonce(): string {
    return String(this.state.lastNonce);
  }

  get kinds(): string[] {
    return this.last.map(effect => effect.kind);
  }
}
