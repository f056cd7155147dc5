import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { ResourceSet } from '../../resources/resource-set.ts';
import type { Resource } from '../../resources/resource.ts';
import { makeSnapshot, resourcesOf, type Snapshot } from '../../resources/snapshot.ts';
import { EXTENSION_CONFIG } from '../../resources/type-url.ts';
import type { EdgeRevocations } from '../../tokens/edge-revocations.ts';
import { resourceJson, withContent } from '../resource-json.ts';
import type { Schema } from '../schema/registry.ts';
import { REVOKED, revocationRules } from './revocation-filter.ts';
import { PLACEHOLDER_KID, TOKEN_SERVICE_KEYS } from './token-service-keys.ts';

/** What proxies get of the token service. */
export interface TokenOverlay {
  /** A key set (RFC 7517) in JSON. */
  readonly jwks: string;
  readonly revocations: EdgeRevocations;
}

/** Whether chains of the snapshot take tokens of the token service. */
export function usesTokenService(snapshot: Snapshot): boolean {
  let known = users.get(snapshot);
  if (known === undefined) {
    known = [...resourcesOf(snapshot, EXTENSION_CONFIG).byName.values()].some(hasPlaceholder);
    users.set(snapshot, known);
  }
  return known;
}

/** Asked for each stream. */
const users = new WeakMap<Snapshot, boolean>();

/**
 * Chains that take tokens of the token service under no issuer that is its own: every token is refused there. Told by the bytes, so a second provider in the same
 * chain can hide it.
 */
export function strangeIssuers(snapshot: Snapshot, issuer: string): readonly string[] {
  return [...resourcesOf(snapshot, EXTENSION_CONFIG).byName.values()]
    .filter(resource => hasPlaceholder(resource) && !includes(resource, issuer))
    .map(({ name }) => snapshot.auth?.held.get(name) ?? name);
}

/**
 * The snapshot with the keys and revocations of the token service in its chains. The same object for a snapshot that has no such chain. Resources that are shared
 * stay shared through `done`, which holds for one overlay. Pure.
 */
export function overlayTokenState(
  schema: Schema,
  snapshot: Snapshot,
  overlay: TokenOverlay,
  done: WeakMap<Resource, Resource> = new WeakMap(),
): Snapshot {
  if (!usesTokenService(snapshot)) return snapshot;
  const extensions = [...resourcesOf(snapshot, EXTENSION_CONFIG).byName.values()].map(resource => {
    if (!hasPlaceholder(resource)) return resource;
    const known = done.get(resource);
    if (known !== undefined) return known;
    const made = overlaid(schema, resource, overlay);
    done.set(resource, made);
    return made;
  });
  const resources = new Map(snapshot.resources).set(EXTENSION_CONFIG, ResourceSet.of(extensions));
  return makeSnapshot(snapshot.files, resources, snapshot);
}

function hasPlaceholder(resource: Resource): boolean {
  return includes(resource, PLACEHOLDER_KID);
}

function includes({ body }: Resource, text: string): boolean {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(text);
}

function overlaid(schema: Schema, resource: Resource, { jwks, revocations }: TokenOverlay): Resource {
  const json = resourceJson(schema, resource);
  const issuers: string[] = [];
  const keyed = replaceKeys(json, jwks, issuers);
  return withContent(
    schema,
    resource,
    replaceRules(keyed, revocationRules(revocations, issuers)) as JsonObject,
  );
}

/** Puts the keys in the place of the place-holder; `issuers` gets those of the providers. */
function replaceKeys(value: JsonValue, jwks: string, issuers: string[]): JsonValue {
  return mapObjects(value, object => {
    const local = object['local_jwks'];
    if (!isObject(local) || local['inline_string'] !== TOKEN_SERVICE_KEYS) return object;
    if (typeof object['issuer'] === 'string') issuers.push(object['issuer']);
    return { ...object, local_jwks: { inline_string: jwks } };
  });
}

function replaceRules(value: JsonValue, rules: JsonObject): JsonValue {
  return mapObjects(value, object => {
    const { name, typed_config: config } = object;
    if (typeof name !== 'string' || !name.endsWith(REVOKED) || !isObject(config)) return object;
    return { ...object, typed_config: { ...config, rules } };
  });
}

/** Every object, the innermost first. */
function mapObjects(value: JsonValue, change: (object: JsonObject) => JsonObject): JsonValue {
  if (Array.isArray(value)) return value.map(item => mapObjects(item, change));
  if (!isObject(value)) return value;
  return change(
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapObjects(item, change)])),
  );
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
