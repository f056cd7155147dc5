import { toBinary, type DescMessage, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import type { DocumentPath } from '../resources/diagnostic.ts';
import { makeResource } from '../resources/frame.ts';
import type { Reference } from '../resources/reference.ts';
import { resourceType, typeUrlOf, VIRTUAL_HOST, type TypeUrl } from '../resources/type-url.ts';
import type { CheckedResource } from './checked-file.ts';
import type { FactCollector, LocatedReference, ResourceFacts } from './facts.ts';
import type { FileReport } from './file-report.ts';
import type { DecodedMessage } from './schema/decoded-message.ts';
import { fieldRuleVisitor } from './schema/field-rules.ts';
import { stringField, stringsField, type PlainMessage } from './schema/plain-message.ts';
import type { Schema } from './schema/registry.ts';
import { decodeStrict } from './schema/strict-json.ts';
import type { Issue, ResourceVisitors } from './schema/visitor.ts';
import { walk } from './schema/walk.ts';

/** What the check of a resource needs beside its JSON. */
export interface ResourceCheckContext {
  readonly schema: Schema;
  readonly visitors: ResourceVisitors;
  readonly report: FileReport;
}

/**
 * Decodes, checks and encodes one resource. Undefined when it cannot be decoded or has no name; with other problems
 * it is made all the same, so that what refers to it is not reported as well.
 */
export function checkResource(
  context: ResourceCheckContext,
  desc: DescMessage,
  json: JsonValue,
  path: DocumentPath,
  extraAliases: readonly string[] = [],
): CheckedResource | undefined {
  const result = decodeStrict(context.schema, desc, json, path);
  if (result.kind === 'failed') {
    for (const issue of result.issues) context.report.report(issue);
    return undefined;
  }
  const { message } = result.decoded;
  const typeUrl = typeUrlOf(desc.typeName);
  const name = nameOf(typeUrl, message);
  const reported = new Set<string>();
  const facts = visit(context, result.decoded, { typeUrl, name, path }, issue => {
    reported.add(issue.path.join('/'));
    context.report.report(issue);
  });
  if (name === '') {
    const at = [...path, nameField(typeUrl)];
    if (!reported.has(at.join('/'))) {
      context.report.report({
        code: 'AP1104',
        severity: 'error',
        path: at,
        message: `the ${desc.name} has no name`,
      });
    }
    return undefined;
  }
  const aliases = [...new Set([...extraAliases, ...virtualHostAliases(context, typeUrl, message, path)])];
  const resource = makeResource({
    typeUrl,
    name,
    aliases: aliases.filter(alias => alias !== name),
    body: toBinary(desc, message),
    references: facts.references.map(({ kind, name: wanted, path: at }) => ({
      kind,
      name: wanted,
      path: at,
    })),
    origin: context.report.originOf(path),
  });
  return { resource, facts };
}

/** The name of a resource: by the table of types, else its `name`. */
function nameOf(typeUrl: TypeUrl, message: PlainMessage): string {
  return stringField(message, nameField(typeUrl) === 'cluster_name' ? 'clusterName' : 'name');
}

function nameField(typeUrl: TypeUrl): string {
  return resourceType(typeUrl)?.nameField ?? 'name';
}

function visit(
  context: ResourceCheckContext,
  decoded: DecodedMessage,
  resource: { readonly typeUrl: TypeUrl; readonly name: string; readonly path: DocumentPath },
  report: (issue: Issue) => void,
): ResourceFacts {
  const collector = new Facts(context.report);
  const visitors = context.visitors(report, collector, resource);
  walk(decoded, resource.path, [fieldRuleVisitor(context.schema, report), ...visitors]);
  return collector.facts();
}

class Facts implements FactCollector {
  readonly #report: FileReport;
  readonly #references: LocatedReference[] = [];
  #others: Partial<Omit<ResourceFacts, 'references'>> = {};

  constructor(report: FileReport) {
    this.#report = report;
  }

  reference(reference: Reference): void {
    this.#references.push({ ...reference, ...this.#report.positionOf(reference.path) });
  }

  set(facts: Partial<Omit<ResourceFacts, 'references'>>): void {
    this.#others = { ...this.#others, ...facts };
  }

  positionOf(path: DocumentPath): { readonly line: number; readonly column: number } {
    return this.#report.positionOf(path);
  }

  facts(): ResourceFacts {
    return { references: this.#references, ...this.#others };
  }
}

/**
 * Proxies ask for a virtual host as `<route configuration>/<domain>` (VHDS), so every domain is another name of the
 * resource.
 */
function virtualHostAliases(
  context: ResourceCheckContext,
  typeUrl: TypeUrl,
  message: PlainMessage,
  path: DocumentPath,
): readonly string[] {
  if (typeUrl !== VIRTUAL_HOST) return [];
  const name = stringField(message, 'name');
  const slash = name.lastIndexOf('/');
  if (slash <= 0 || slash === name.length - 1) {
    const text = `the virtual host "${name}" must be named "<route configuration>/<name>"`;
    context.report.report({ code: 'AP1105', severity: 'error', path: [...path, 'name'], message: text });
    return [];
  }
  return stringsField(message, 'domains').map(domain => `${name.slice(0, slash)}/${domain}`);
}

/** True for a JSON object. */
export function isJsonObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
