import { makeResource } from '../../src/resources/frame.ts';
import type { Reference } from '../../src/resources/reference.ts';
import { ResourceSet } from '../../src/resources/resource-set.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { makeSnapshot, type Snapshot } from '../../src/resources/snapshot.ts';
import type { TypeUrl } from '../../src/resources/type-url.ts';

/** A resource whose body is `content`: not a valid Envoy message, enough for everything that passes bytes on. */
export function resource(
  typeUrl: TypeUrl,
  name: string,
  content = '1',
  references: readonly Reference[] = [],
): Resource {
  return makeResource({ typeUrl, name, body: Buffer.from(`${name}=${content}`), references });
}

/** A snapshot of one group. */
export function snapshot(resources: Iterable<Resource>, pinnedVersion?: string): Snapshot {
  const byType = new Map<TypeUrl, Resource[]>();
  for (const entry of resources) {
    const list = byType.get(entry.typeUrl);
    if (list === undefined) byType.set(entry.typeUrl, [entry]);
    else list.push(entry);
  }
  const sets = new Map([...byType].map(([typeUrl, list]) => [typeUrl, ResourceSet.of(list)]));
  return makeSnapshot(['test.yaml'], sets, { pinnedVersion });
}
