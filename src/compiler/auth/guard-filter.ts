import type { JsonObject } from '@bufbuild/protobuf';
import { GUARD_NAME, METADATA_NAMESPACE } from './auth-names.ts';
import { compileCel } from './cel.ts';
import { allPermissions, regex, type Permission } from './matchers.ts';
import { httpFilter, type NestedFilter } from './nested-filter.ts';

/** `%80` to `%bf`, which continue a character of several bytes. */
const CONTINUATION = '%[89ABab][0-9A-Fa-f]';

/**
 * A path of visible ASCII but `;`, escapes from %20 on, and escaped UTF-8 by its lengths (RFC 3629). Split in two: RE2 programs of more than
 * 100 steps are refused by Envoy.
 */
export const PATH_FORM = `(?:[!-$&-:<-~]|%(?:[2-7][0-9A-Fa-f]|(?:[CDcd][0-9A-Fa-f]|(?:[Ee][0-9A-Fa-f]|[Ff][0-4]${CONTINUATION})${CONTINUATION})${CONTINUATION}))*`;

/** Escapes of `%`, `;` and DEL, and UTF-8 that is longer than it must be, a surrogate, or above U+10FFFF. */
export const ODD_ESCAPE = '.*%(?:25|3[Bb]|7[Ff]|[Cc][01]|[Ee]0%[89]|[Ee][Dd]%[ABab]|[Ff]0%8|[Ff]4%[9ABab]).*';

/**
 * The last filter before the router: lets a request pass only if the chain that its route names has marked it, or if the route is public.
 * Whatever is missing, late, mixed up or mistaken denies. Never changes with the chains.
 */
export function guardFilter(options: { readonly pathGuard: boolean }): NestedFilter {
  const permissions = options.pathGuard ? plainPath() : [];
  return httpFilter(GUARD_NAME, 'rbac.v3.RBAC', {
    rules: {
      action: 'ALLOW',
      policies: {
        chain: {
          permissions: [allPermissions(permissions)],
          principals: [{ any: true }],
          condition: marked(),
        },
        public: {
          permissions: [allPermissions([...permissions, isPublic()])],
          principals: [{ any: true }],
        },
      },
    },
    rules_stat_prefix: 'authplane_guard_',
  });
}

/** Paths that every upstream reads as Envoy does. */
function plainPath(): readonly Permission[] {
  return [{ url_path: { path: regex(PATH_FORM) } }, { not_rule: { url_path: { path: regex(ODD_ESCAPE) } } }];
}

function marked(): JsonObject {
  const mark = `filter_metadata['${METADATA_NAMESPACE}']['chain']`;
  const compiled = compileCel(`metadata.${mark} == xds.route_metadata.${mark}`);
  // Not possible for this text; an empty condition would let everything pass.
  if (compiled.kind !== 'parsed') throw new TypeError(compiled.message);
  return compiled.expression;
}

function isPublic(): JsonObject {
  const matcher = { filter: METADATA_NAMESPACE, path: [{ key: 'public' }], value: { bool_match: true } };
  return { sourced_metadata: { metadata_matcher: matcher, metadata_source: 'ROUTE' } };
}
