import type { DescField, JsonObject, JsonValue } from '@bufbuild/protobuf';
import { dirname, isAbsolute, join } from 'node:path/posix';
import type { DocumentPath } from '../resources/diagnostic.ts';
import { MATCH_ALL, type NodeMatcher } from '../resources/node.ts';
import type { SourceFile } from '../resources/source-tree.ts';
import type { DeclaredEntry } from './declared-entry.ts';
import type { AuthDeclarations } from './auth/auth-entry.ts';
import type { AuthChainSpec, JwtProviderSpec, PolicySpec, PostureWaiverSpec } from './auth/auth-spec.ts';
import type { CheckedFile } from './checked-file.ts';
import type { ServiceSpec, SidecarSpec } from './mesh/service-spec.ts';
import type { FileReport } from './file-report.ts';
import { FILE_SECRET_LISTS, readGrant, type EntryContext } from './read-file-secrets.ts';
import { fieldRuleVisitor } from './schema/field-rules.ts';
import { messageField, stringField, stringsField, type PlainMessage } from './schema/plain-message.ts';
import type { Schema } from './schema/registry.ts';
import { decodeStrict } from './schema/strict-json.ts';
import { walk } from './schema/walk.ts';

/** What stands in a snapshot file beside Envoy's own resources. */
export type Envelope = Pick<
  CheckedFile,
  'matcher' | 'pinnedVersion' | 'fileSecrets' | 'secretGrants' | 'services' | 'sidecar' | 'auth'
>;

/** What reading it needs. */
export interface EnvelopeContext {
  readonly schema: Schema;
  readonly report: FileReport;
  readonly file: Pick<SourceFile, 'path'>;
  /** Absolute; files that a snapshot file names are found from the directory of that file. */
  readonly snapshotDirectory: string;
}

/** Reads all lists and fields that are not resources; each is independent of errors elsewhere. */
export function checkEnvelope(context: EnvelopeContext, json: JsonObject): Envelope {
  return {
    matcher: readMatcher(context, valueIn(context, json, 'node')),
    pinnedVersion: readVersion(context, valueIn(context, json, 'version')),
    fileSecrets: Object.entries(FILE_SECRET_LISTS).flatMap(([list, read]) =>
      readList(context, json, list, (message, path) => read(message, path, entryContext(context))).filter(
        entry => entry !== undefined,
      ),
    ),
    secretGrants: readList(context, json, 'secret_grants', (message, path) => ({
      name: stringField(message, 'name'),
      grant: readGrant(message, path, entryContext(context)),
      origin: context.report.originOf(path),
    })),
    services: readDeclared<ServiceSpec>(context, json, 'services'),
    sidecar: readSidecar(context, valueIn(context, json, 'sidecar')),
    auth: readAuth(context, json),
  };
}

function readAuth(context: EnvelopeContext, json: JsonObject): AuthDeclarations {
  return {
    jwtProviders: readDeclared<JwtProviderSpec>(context, json, 'jwt_providers'),
    authChains: readDeclared<AuthChainSpec>(context, json, 'auth_chains'),
    policies: readDeclared<PolicySpec>(context, json, 'policies'),
    postureWaivers: readDeclared<PostureWaiverSpec>(context, json, 'posture_waivers'),
  };
}

function readDeclared<Spec extends PlainMessage>(
  context: EnvelopeContext,
  json: JsonObject,
  name: string,
): readonly DeclaredEntry<Spec>[] {
  return readList(context, json, name, (message, path) => declaredAt<Spec>(context, message, path));
}

function readSidecar(
  context: EnvelopeContext,
  json: JsonValue | undefined,
): DeclaredEntry<SidecarSpec> | undefined {
  if (json === undefined) return undefined;
  const message = decodeField(context, { sidecar: json });
  const sidecar = message === undefined ? undefined : messageField(message, 'sidecar');
  return sidecar === undefined ? undefined : declaredAt<SidecarSpec>(context, sidecar, ['sidecar']);
}

function declaredAt<Spec extends PlainMessage>(
  context: EnvelopeContext,
  message: PlainMessage,
  path: DocumentPath,
): DeclaredEntry<Spec> {
  return {
    // The schema of the field says what its messages are.
    spec: message as Spec,
    origin: context.report.originOf(path),
    at: below => context.report.originOf([...path, ...below]),
    resolve: file => resolvePath(context, file),
  };
}

/** The field of a snapshot file with a proto name. Its spelling in the file may be camelCase. */
function valueIn(context: EnvelopeContext, json: JsonObject, name: string): JsonValue | undefined {
  const jsonName = context.schema.snapshotFile.fields.find(field => field.name === name)?.jsonName ?? name;
  return json[name] ?? json[jsonName] ?? undefined;
}

function readMatcher(context: EnvelopeContext, json: JsonValue | undefined): NodeMatcher | undefined {
  if (json === undefined) return MATCH_ALL;
  const message = decodeField(context, { node: json });
  const node = message === undefined ? undefined : messageField(message, 'node');
  if (node === undefined) return undefined;
  return {
    ids: stringsField(node, 'ids'),
    clusters: stringsField(node, 'clusters'),
    metadata: (node['metadata'] ?? {}) as JsonObject,
  };
}

function readVersion(context: EnvelopeContext, json: JsonValue | undefined): CheckedFile['pinnedVersion'] {
  if (json === undefined) return undefined;
  const message = decodeField(context, { version: json });
  const value = message === undefined ? '' : stringField(message, 'version');
  return value === '' ? undefined : { value, origin: context.report.originOf(['version']) };
}

function readList<T>(
  context: EnvelopeContext,
  json: JsonObject,
  name: string,
  read: (message: PlainMessage, path: DocumentPath) => T,
): readonly T[] {
  const list = valueIn(context, json, name);
  if (list === undefined) return [];
  const field = context.schema.snapshotFile.fields.find(entry => entry.name === name);
  if (!Array.isArray(list) || field?.message === undefined) {
    decodeField(context, { [name]: list });
    return [];
  }
  return list.flatMap((item, index) => {
    const path = [name, index];
    const message = decodeItem(context, field, item, path);
    return message === undefined ? [] : [read(message, path)];
  });
}

function entryContext(context: EnvelopeContext): EntryContext {
  const { schema, report } = context;
  return {
    schema,
    report: report.report,
    originOf: path => report.originOf(path),
    resolve: path => resolvePath(context, path),
  };
}

function resolvePath(context: EnvelopeContext, path: string): string {
  return isAbsolute(path) ? join(path) : join(context.snapshotDirectory, dirname(context.file.path), path);
}

function decodeItem(
  context: EnvelopeContext,
  field: DescField,
  json: JsonValue,
  path: DocumentPath,
): PlainMessage | undefined {
  if (field.message === undefined) return undefined;
  return decoded(context, decodeStrict(context.schema, field.message, json, path), path);
}

/** Decodes a snapshot file that has nothing but one field. */
function decodeField(context: EnvelopeContext, json: JsonObject): PlainMessage | undefined {
  return decoded(context, decodeStrict(context.schema, context.schema.snapshotFile, json, []), []);
}

function decoded(
  context: EnvelopeContext,
  result: ReturnType<typeof decodeStrict>,
  path: DocumentPath,
): PlainMessage | undefined {
  if (result.kind === 'failed') {
    for (const issue of result.issues) context.report.report(issue);
    return undefined;
  }
  walk(result.decoded, path, [fieldRuleVisitor(context.schema, context.report.report)]);
  return result.decoded.message;
}
