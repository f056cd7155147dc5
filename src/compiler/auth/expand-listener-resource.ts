import type { CheckedResource } from '../checked-file.ts';
import { resourceJson, withContent } from '../resource-json.ts';
import type { Schema } from '../schema/registry.ts';
import { expandListener, slotNames } from './expand-listener.ts';

/** A listener as proxies get it, which also names the contents of its slots. */
export function expandListenerResource(
  schema: Schema,
  listener: CheckedResource,
  slotCount: number,
): CheckedResource {
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
