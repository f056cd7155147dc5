import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { RESOURCE_TYPES } from '../resources/type-url.ts';
import type { SourceFile } from '../resources/source-tree.ts';
import { NO_AUTH_DECLARATIONS } from './auth/auth-entry.ts';
import { checkAnyResource } from './check-any-resource.ts';
import { checkEnvelope } from './check-envelope.ts';
import { checkResource, type ResourceCheckContext } from './check-resource.ts';
import type { CheckedFile, CheckedResource } from './checked-file.ts';
import { resourceVisitors } from './checks/resource-checks.ts';
import { parseYaml } from './document/parse-yaml.ts';
import { FileReport } from './file-report.ts';
import { locateProblems } from './schema/locate-problems.ts';
import { messageOfTypeUrl, type Schema } from './schema/registry.ts';
import type { ResourceVisitors } from './schema/visitor.ts';

/** What `checkFile` needs beside the file. */
export interface CheckContext {
  readonly schema: Schema;
  /** Absolute path of the snapshot directory; paths in a file are relative to the file. */
  readonly snapshotDirectory: string;
  /** Checks and extractors that see every message of every resource. Default: all of `checks/`. */
  readonly visitors?: ResourceVisitors;
}

/**
 * Checks one file by itself: YAML, strict decoding, field rules, and the visitors; and encodes every resource once.
 * Entries are independent: an error in one hides nothing in the others. Pure.
 */
export function checkFile(file: SourceFile, context: CheckContext): CheckedFile {
  const document = parseYaml(file);
  if (document.kind === 'failed') {
    const { path, hash } = file;
    const nothing = {
      matcher: undefined,
      pinnedVersion: undefined,
      resources: [],
      fileSecrets: [],
      secretGrants: [],
      services: [],
      sidecar: undefined,
      auth: NO_AUTH_DECLARATIONS,
    };
    return { path, hash, ...nothing, diagnostics: document.diagnostics };
  }
  const { schema, snapshotDirectory } = context;
  const report = new FileReport(file.path, document.positionOf);
  reportUnknownKeys(schema, document.json, report);
  const envelope = checkEnvelope({ schema, report, file, snapshotDirectory }, document.json);
  const resources = checkResources(
    { schema, report, visitors: context.visitors ?? resourceVisitors },
    document.json,
  );
  return { path: file.path, hash: file.hash, ...envelope, resources, diagnostics: report.diagnostics() };
}

/** Keys that a snapshot file does not have, or has in two spellings. */
function reportUnknownKeys(schema: Schema, json: JsonObject, report: FileReport): void {
  const keys = Object.fromEntries(Object.keys(json).map(key => [key, null] as const));
  for (const issue of locateProblems(schema, schema.snapshotFile, keys, [])) report.report(issue);
}

function checkResources(context: ResourceCheckContext, json: JsonObject): readonly CheckedResource[] {
  const checked: CheckedResource[] = [];
  for (const type of RESOURCE_TYPES) {
    const desc = messageOfTypeUrl(context.schema, type.typeUrl);
    if (desc === undefined) continue;
    for (const [index, item] of itemsOf(context, json, type.field).entries()) {
      if (context.report.isFull) return checked;
      const resource = checkResource(context, desc, item, [type.field, index]);
      if (resource !== undefined) checked.push(resource);
    }
  }
  for (const [index, item] of itemsOf(context, json, 'resources').entries()) {
    if (context.report.isFull) return checked;
    const resource = checkAnyResource(context, item, ['resources', index]);
    if (resource !== undefined) checked.push(resource);
  }
  return checked;
}

/** The items of a list of the file, in either spelling of its name; reports anything that is not a list. */
function itemsOf(context: ResourceCheckContext, json: JsonObject, name: string): readonly JsonValue[] {
  const jsonName = context.schema.snapshotFile.fields.find(field => field.name === name)?.jsonName ?? name;
  const value = json[name] ?? json[jsonName] ?? [];
  if (Array.isArray(value)) return value;
  for (const issue of locateProblems(context.schema, context.schema.snapshotFile, { [name]: value }, [])) {
    context.report.report(issue);
  }
  return [];
}
