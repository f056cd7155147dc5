import {
  DeltaDiscoveryResponse,
  DiscoveryResponse,
} from '../src/gen/envoy/service/discovery/v3/discovery.ts';
import { resourcesOf, type Snapshot } from '../src/resources/snapshot.ts';
import type { TypeUrl } from '../src/resources/type-url.ts';
import type { Variant } from './bench-stream.ts';

/** A resource as a server has it that frames nothing beforehand. */
export interface NaiveResource {
  readonly name: string;
  readonly version: string;
  readonly any: { readonly typeUrl: string; readonly value: Buffer };
}

/** The resources of a snapshot in that form. The bodies have the right length and no meaning. */
export function naiveResources(snapshot: Snapshot, typeUrl: TypeUrl): ReadonlyMap<string, NaiveResource> {
  const resources = [...resourcesOf(snapshot, typeUrl).byName.values()].map(
    ({ name, version, sotwFrame }): NaiveResource => {
      const overhead = typeUrl.length + 8;
      return { name, version, any: { typeUrl, value: Buffer.alloc(sotwFrame.length - overhead, 120) } };
    },
  );
  return new Map(resources.map(resource => [resource.name, resource]));
}

/**
 * What the others do, as the measure of comparison: each stream has its own copy of the names and versions that it was sent, compares
 * all of them for each change, and encodes its response by itself with the generated code.
 */
export class NaiveStream {
  readonly #variant: Variant;
  readonly #typeUrl: TypeUrl;
  #known: ReadonlyMap<string, string> = new Map();
  #changed: readonly NaiveResource[] = [];
  #nonce = 0;

  constructor(variant: Variant, typeUrl: TypeUrl) {
    this.#variant = variant;
    this.#typeUrl = typeUrl;
  }

  /** Compares all names; remembers what has to be sent. */
  take(resources: ReadonlyMap<string, NaiveResource>): void {
    const next = new Map<string, string>();
    const changed: NaiveResource[] = [];
    for (const [name, resource] of resources) {
      next.set(name, resource.version);
      if (this.#known.get(name) !== resource.version) changed.push(resource);
    }
    this.#known = next;
    this.#changed = changed;
  }

  /** Encodes the response: in SotW all resources, in delta those that changed. Returns the number of bytes. */
  write(resources: ReadonlyMap<string, NaiveResource>, versionInfo: string): number {
    const common = { typeUrl: this.#typeUrl, nonce: String(++this.#nonce) };
    const controlPlane = { identifier: 'bench' };
    if (this.#variant === 'sotw') {
      return DiscoveryResponse.encode({
        ...common,
        versionInfo,
        controlPlane,
        resources: [...resources.values()].map(({ any }) => any),
        canary: false,
        resourceErrors: [],
      }).finish().length;
    }
    return DeltaDiscoveryResponse.encode({
      ...common,
      systemVersionInfo: versionInfo,
      controlPlane,
      resources: this.#changed.map(({ name, version, any }) => ({
        name,
        version,
        resource: any,
        resourceName: undefined,
        aliases: [],
        ttl: undefined,
        cacheControl: undefined,
        metadata: undefined,
      })),
      removedResources: [],
      removedResourceNames: [],
      resourceErrors: [],
    }).finish().length;
  }
}
