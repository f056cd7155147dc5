import type { CheckedResource } from '../checked-file.ts';
import { resourceJson, withContent } from '../resource-json.ts';
import type { Schema } from '../schema/registry.ts';
import { expandListener, slotNames } from './expand-listener.ts';

/** By the listener: files that did not change give the same objects. */
const expanded = new WeakMap<
  CheckedResource,
  { readonly slotCount: number; readonly result: CheckedResource }
>();

/** A listener as proxies get it, which also names the contents of its slots. */
export function expandListenerResource(
  schema: Schema,
  listener: CheckedResource,
  slotCount: number,
): CheckedResource {
  const known = expanded.get(listener);
  if (known?.slotCount === slotCount) return known.result;
  const result = expand(schema, listener, slotCount);
  expanded.set(listener, { slotCount, result });
  return result;
}

function expand(schema: Schema, listener: CheckedResource, slotCount: number): CheckedResource {
  const { resource, facts } = listener;
  const filter = facts.connectionManagers
    ?.flatMap(manager => manager.filters)
    .find(candidate => candidate.authChain !== undefined);
  const place = filter ?? resource.origin;
  const uses = slotNames(slotCount).map(
    name =>
      ({
        kind: 'extension',
        name,
        path: place.path,
        line: place.line,
        column: place.column,
      }) as const,
  );
  const references = [...resource.references, ...uses.map(({ kind, name, path }) => ({ kind, name, path }))];
  const json = expandListener(resourceJson(schema, resource), slotCount);
  return {
    resource: withContent(schema, resource, json, references),
    facts: { ...facts, references: [...facts.references, ...uses] },
  };
}
