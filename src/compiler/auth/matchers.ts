import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { CLAIMS_KEY, JWT_METADATA } from './auth-names.ts';

/** envoy.config.rbac.v3.Principal in proto3 JSON. */
export type Principal = JsonObject;

/** envoy.config.rbac.v3.Permission in proto3 JSON. */
export type Permission = JsonObject;

/** Envoy takes one alternative or several; a set of one is the one. */
export function anyPrincipal(principals: readonly Principal[]): Principal {
  const [only] = principals;
  return principals.length === 1 && only !== undefined ? only : { or_ids: { ids: [...principals] } };
}

/** All of the principals; nobody in particular when there are none. */
export function allPrincipals(principals: readonly Principal[]): Principal {
  const [only] = principals;
  if (only === undefined) return { any: true };
  return principals.length === 1 ? only : { and_ids: { ids: [...principals] } };
}

/** One of the permissions. */
export function anyPermission(permissions: readonly Permission[]): Permission {
  const [only] = permissions;
  return permissions.length === 1 && only !== undefined ? only : { or_rules: { rules: [...permissions] } };
}

/** All of the permissions; every request when there are none. */
export function allPermissions(permissions: readonly Permission[]): Permission {
  const [only] = permissions;
  if (only === undefined) return { any: true };
  return permissions.length === 1 ? only : { and_rules: { rules: [...permissions] } };
}

/** What jwt_authn left in the dynamic metadata of a verified token. */
export function jwtMetadata(keys: readonly string[], value: JsonObject): Principal {
  return {
    sourced_metadata: {
      metadata_matcher: { filter: JWT_METADATA, path: keys.map(key => ({ key })), value },
    },
  };
}

/** A claim of a verified token. */
export function claim(path: readonly string[], value: JsonObject): Principal {
  return jwtMetadata([CLAIMS_KEY, ...path], value);
}

/** A text, or a list with such a text. */
export function textOrEntry(stringMatch: JsonObject): JsonObject {
  return {
    or_match: {
      value_matchers: [
        { string_match: stringMatch },
        { list_match: { one_of: { string_match: stringMatch } } },
      ],
    },
  };
}

/** A regular expression (RE2) that the whole text must match. */
export function regex(expression: string): JsonObject {
  return { safe_regex: { regex: expression } };
}

/** Escapes what means something in RE2. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** A StringMatcher for one of several texts: exact, or a regular expression for more than one. */
export function oneOf(texts: readonly string[]): JsonObject {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return { exact: only };
  return regex(texts.map(escapeRegex).join('|'));
}

/** A StringMatcher for a glob: `*` stands for any characters but the separator, `**` at the end for any rest. */
export function glob(pattern: string, separator: string): JsonObject {
  if (!pattern.includes('*')) return { exact: pattern };
  const open = pattern.endsWith('**');
  const parts = (open ? pattern.slice(0, -2) : pattern).split('*').map(escapeRegex);
  return regex(parts.join(`[^${escapeRegex(separator)}]+`) + (open ? '.+' : ''));
}

/** A HeaderMatcher: the header is there and its value fits. */
export function header(name: string, match: JsonObject): JsonObject {
  return { name: name.toLowerCase(), ...match };
}

/** A HeaderMatcher: the header is there. */
export function headerPresent(name: string): JsonObject {
  return header(name, { present_match: true });
}

/** A list in JSON. */
export function list(values: readonly JsonValue[]): JsonValue[] {
  return [...values];
}
