import { bytesField, stringField } from '../resources/frame.ts';
import type { Update } from '../protocol/update.ts';

const FRAME_HEAD_BYTES = 5;

/** An encoded response in its frame, in two pieces: the second one is shared with other streams and never copied. */
export class EncodedResponse {
  /** Frame head and nonce. */
  readonly head: Buffer;
  readonly body: Buffer;

  constructor(nonce: Uint8Array, body: Buffer) {
    // gRPC over HTTP/2, "Length-Prefixed-Message": not compressed, then the length.
    this.head = Buffer.allocUnsafe(FRAME_HEAD_BYTES + nonce.length);
    this.head.writeUInt8(0, 0);
    this.head.writeUInt32BE(nonce.length + body.length, 1);
    this.head.set(nonce, FRAME_HEAD_BYTES);
    this.body = body;
  }

  /** Of the frame. */
  get byteLength(): number {
    return this.head.length + this.body.length;
  }

  /** The message, without the head of its frame. */
  toMessage(): Buffer {
    return Buffer.concat([this.head.subarray(FRAME_HEAD_BYTES), this.body]);
  }
}

/**
 * Encodes responses from bytes that were framed when the snapshot was built.
 *
 * Everything but the nonce is the same for all streams that send the same update, so that part is made once for
 * each `Update` object and kept as long as the object lives. The order of fields on the wire is free; the nonce
 * comes first.
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
    return new EncodedResponse(stringField(5, nonce), body);
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
