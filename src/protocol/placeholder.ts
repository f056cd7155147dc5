import { makeResource } from '../resources/frame.ts';
import type { Resource } from '../resources/resource.ts';
import { typeUrlOf } from '../resources/type-url.ts';
import type { Version } from '../resources/version.ts';

const NOTHING = makeResource({
  typeUrl: typeUrlOf('authplane.Placeholder'),
  name: '',
  body: new Uint8Array(),
});

const placeholders = new WeakSet<Resource>();

/** Stands for a resource that only the client has, in this version. It is replaced or removed, never sent. */
export function placeholder(name: string, version: string): Resource {
  const made = { ...NOTHING, name, version: version as Version };
  placeholders.add(made);
  return made;
}

export function isPlaceholder(resource: Resource): boolean {
  return placeholders.has(resource);
}
