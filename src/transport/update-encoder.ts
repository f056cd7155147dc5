import { bytesField, stringField } from '../resources/frame.ts';
import type { Update } from '../protocol/update.ts';

/** An encoded response whose body is shared with other streams: joined only when it is copied into its frame. */
export class EncodedResponse {
  readonly #body: Buffer;
  readonly #nonce: Uint8Array;

  constructor(body: Buffer, nonce: Uint8Array) {
    this.#body = body;
    this.#nonce = nonce;
  }

  get byteLength(): number {
    return this.#body.length + this.#nonce.length;
  }

  /** Writes all of it into `target`, from `offset` on. Returns the number of bytes. */
  copy(target: Uint8Array, offset = 0): number {
    this.#body.copy(target, offset);
    target.set(this.#nonce, offset + this.#body.length);
    return this.byteLength;
  }

  toBuffer(): Buffer {
    return Buffer.concat([this.#body, this.#nonce]);
  }
}

/**
 * Encodes responses from bytes that were framed when the snapshot was built.
 *
 * Everything but the nonce is the same for all streams that send the same update, so that part is made once for
 * each `Update` object and kept as long as the object lives. The order of fields on the wire is free; the nonce
 * comes last.
 */
export class UpdateEncoder {
  readonly #controlPlane: Uint8Array;
  readonly #bodies = new WeakMap<Update, Buffer>();

  /** @param controlPlaneId `control_plane.identifier` of every response: names the replica. */
  constructor(controlPlaneId: string) {
    this.#controlPlane = stringField(1, controlPlaneId);
  }

  /** A `DiscoveryResponse` or `DeltaDiscoveryResponse` (envoy/service/discovery/v3/discovery.proto). */
  encode(update: Update, nonce: string): EncodedResponse {
    let body = this.#bodies.get(update);
    if (body === undefined) {
      body = Buffer.concat(update.variant === 'sotw' ? this.#sotwBody(update) : this.#deltaBody(update));
      this.#bodies.set(update, body);
    }
    return new EncodedResponse(body, stringField(5, nonce));
  }

  /** True when the body of this update is made already: its next encoding costs one copy. */
  has(update: Update): boolean {
    return this.#bodies.has(update);
  }

  /** `DiscoveryResponse`: version_info 1, resources 2, type_url 4, control_plane 6. */
  #sotwBody(update: Update): Uint8Array[] {
    return [
      stringField(1, update.versionInfo),
      stringField(4, update.typeUrl),
      bytesField(6, this.#controlPlane),
      ...update.resources.map(resource => resource.sotwFrame),
    ];
  }

  /** `DeltaDiscoveryResponse`: system_version_info 1, resources 2, type_url 4, removed_resources 6, control_plane 7. */
  #deltaBody(update: Update): Uint8Array[] {
    return [
      stringField(1, update.versionInfo),
      stringField(4, update.typeUrl),
      bytesField(7, this.#controlPlane),
      ...update.resources.map(resource => resource.deltaFrame),
      ...update.bodiless.map(bodilessFrame),
      ...update.removed.map(name => stringField(6, name)),
    ];
  }
}

/** A discovery.v3.Resource (name 3, aliases 4) without a body: "this name does not exist" for VHDS. */
function bodilessFrame(name: string): Uint8Array {
  return bytesField(2, Buffer.concat([stringField(3, name), stringField(4, name)]));
}
