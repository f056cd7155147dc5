import type { DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { DocumentPath } from '../resources/diagnostic.ts';
import { typeUrlOf } from '../resources/type-url.ts';
import { checkResource, isJsonObject, type ResourceCheckContext } from './check-resource.ts';
import type { CheckedResource } from './checked-file.ts';
import { locateProblems } from './schema/locate-problems.ts';
import { ANY, isWellKnown } from './schema/message-parts.ts';
import { messageOfTypeUrl, type Schema } from './schema/registry.ts';
import { decodeStrict } from './schema/strict-json.ts';

const WRAPPER = 'envoy.service.discovery.v3.Resource';
const WRAPPER_FIELDS = new Set(['name', 'aliases', 'resource']);

/**
 * Checks an entry of `resources:`, of whatever type its `@type` names; it means the same as in the list of that type.
 * An entry may be wrapped in `envoy.service.discovery.v3.Resource` that adds no more than aliases.
 */
export function checkAnyResource(
  context: ResourceCheckContext,
  json: JsonValue,
  path: DocumentPath,
): CheckedResource | undefined {
  const typed = readType(context.schema, json);
  if (typed === undefined) {
    const any = context.schema.registry.getMessage(ANY);
    const issues = any === undefined ? [] : locateProblems(context.schema, any, json, path);
    for (const issue of issues) context.report.report(issue);
    return undefined;
  }
  const { desc, body } = typed;
  if (desc.typeName === WRAPPER) return checkWrapped(context, desc, body, path);
  if (
    !isWellKnown(desc) &&
    desc.fields.some(field => field.name === 'name' || field.name === 'cluster_name')
  ) {
    return checkResource(context, desc, body, path);
  }
  const message = `${desc.typeName} is not a type of resource: it has no name that a proxy could ask for`;
  context.report.report({ code: 'AP1103', severity: 'error', path: [...path, '@type'], message });
  return undefined;
}

function readType(
  schema: Schema,
  json: JsonValue,
): { readonly desc: DescMessage; readonly body: JsonObject } | undefined {
  if (!isJsonObject(json)) return undefined;
  const { '@type': type, ...body } = json;
  const desc = typeof type === 'string' ? messageOfTypeUrl(schema, type) : undefined;
  return desc === undefined ? undefined : { desc, body };
}

function checkWrapped(
  context: ResourceCheckContext,
  desc: DescMessage,
  wrapper: JsonObject,
  path: DocumentPath,
): CheckedResource | undefined {
  const decoded = decodeStrict(context.schema, desc, wrapper, path);
  if (decoded.kind === 'failed') {
    for (const issue of decoded.issues) context.report.report(issue);
    return undefined;
  }
  const extra = Object.keys(wrapper).filter(key => !WRAPPER_FIELDS.has(key));
  for (const key of extra)
    refuse(context, [...path, key], `"${key}" of a wrapped resource is not taken from a file`);
  const inner = wrapper['resource'];
  const innerPath = [...path, 'resource'];
  if (!isJsonObject(inner) || inner['@type'] === typeUrlOf(WRAPPER)) {
    refuse(context, innerPath, 'the wrapper must contain one resource');
    return undefined;
  }
  const typed = readType(context.schema, inner);
  if (extra.length > 0 || typed === undefined) return undefined;
  const aliases = wrapper['aliases'] as readonly string[] | undefined;
  const checked = checkResource(context, typed.desc, typed.body, innerPath, aliases ?? []);
  const name = wrapper['name'];
  if (checked !== undefined && typeof name === 'string' && name !== '' && name !== checked.resource.name) {
    refuse(
      context,
      [...path, 'name'],
      `the wrapper is named "${name}" and the resource "${checked.resource.name}"`,
    );
  }
  return checked;
}

function refuse(context: ResourceCheckContext, path: DocumentPath, message: string): void {
  context.report.report({ code: 'AP1106', severity: 'error', path, message });
}
