import { DeltaDiscoveryRequest, DiscoveryRequest } from '../src/gen/envoy/service/discovery/v3/discovery.ts';
import type { Effect } from '../src/protocol/effect.ts';
import { initialStream, type StreamState } from '../src/protocol/stream-state.ts';
import { step } from '../src/protocol/stream.ts';
import type { Snapshot } from '../src/resources/snapshot.ts';
import type { TypeUrl } from '../src/resources/type-url.ts';
import { decodeRequest, type RequestRules } from '../src/transport/decode-request.ts';
import { NameLists } from '../src/transport/name-lists.ts';
import type { UpdateEncoder } from '../src/transport/update-encoder.ts';

export type Variant = 'sotw' | 'delta';

type Send = Extract<Effect, { kind: 'send' }>;

/** All streams are of one server. */
const LISTS = new NameLists();

/** An aggregated stream without a network: the protocol, and the bytes that go in and out. */
export class BenchStream {
  readonly #variant: Variant;
  readonly #rules: RequestRules;
  #state: StreamState;
  #sent: Send[] = [];

  constructor(variant: Variant) {
    this.#variant = variant;
    this.#rules = { variant, impliedTypeUrl: undefined, maxNames: 100_000, maxNameBytes: 4096, lists: LISTS };
    this.#state = initialStream({ variant, ads: true });
  }

  /** Asks for everything of a type, or for names, and accepts what comes. */
  subscribe(typeUrl: TypeUrl, names: readonly string[]): void {
    this.receive(encodeRequest(this.#variant, typeUrl, '', names));
    for (const request of this.acknowledgements(names)) this.receive(request);
    this.#sent = [];
  }

  /** The snapshot as an event of the protocol. */
  take(snapshot: Snapshot): void {
    const { state, effects } = step(this.#state, { kind: 'snapshot', snapshot });
    this.#state = state;
    for (const effect of effects) if (effect.kind === 'send') this.#sent.push(effect);
  }

  /** One request as it comes: decoded, then an event of the protocol. */
  receive(message: Uint8Array): void {
    const decoded = decodeRequest(message, this.#rules);
    if (decoded.kind === 'refused') throw new Error(decoded.message);
    const { state, effects } = step(this.#state, { kind: 'request', request: decoded.request });
    this.#state = state;
    for (const effect of effects) if (effect.kind === 'send') this.#sent.push(effect);
  }

  /** The bytes of all that was sent and not acknowledged, copied once, as into the frames of gRPC. Returns their number. */
  write(encoder: UpdateEncoder): number {
    return this.#sent.reduce(
      (sum, { update, nonce }) => sum + encoder.encode(update, nonce).toMessage().length,
      0,
    );
  }

  /** The ACKs of everything that was sent since the last call; in SotW they repeat `names`. */
  acknowledgements(names: readonly string[]): readonly Uint8Array[] {
    const requests = this.#sent.map(({ typeUrl, nonce }) =>
      encodeRequest(this.#variant, typeUrl, nonce, this.#variant === 'sotw' ? names : []),
    );
    this.#sent = [];
    return requests;
  }
}

function encodeRequest(
  variant: Variant,
  typeUrl: TypeUrl,
  responseNonce: string,
  names: readonly string[],
): Uint8Array {
  return variant === 'sotw'
    ? DiscoveryRequest.encode(
        DiscoveryRequest.fromPartial({ typeUrl, responseNonce, resourceNames: [...names] }),
      ).finish()
    : DeltaDiscoveryRequest.encode(
        DeltaDiscoveryRequest.fromPartial({ typeUrl, responseNonce, resourceNamesSubscribe: [...names] }),
      ).finish();
}
