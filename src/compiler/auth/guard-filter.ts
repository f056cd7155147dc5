import { GUARD_NAME } from './auth-names.ts';
import { guardMetadata } from './mark-filter.ts';
import { allPermissions, anyPermission, regex, type Permission } from './matchers.ts';
import { httpFilter, type NestedFilter } from './nested-filter.ts';

/** Visible ASCII but `;` and `%`. */
const UNESCAPED = '[!-$&-:<-~]*';

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
 * The last filter before the router: lets a request pass only if a chain has marked it, which only the chain that its route names does, or if
 * the route is public. Whatever is missing, late, mixed up or mistaken denies. Never changes with the chains.
 */
export function guardFilter(options: { readonly pathGuard: boolean }): NestedFilter {
  const permissions = options.pathGuard ? plainPath() : [];
  return httpFilter(GUARD_NAME, 'rbac.v3.RBAC', {
    rules: {
      action: 'ALLOW',
      policies: {
        chain: {
          permissions: [allPermissions(permissions)],
          principals: [guardMetadata('chain', { present_match: true }, 'DYNAMIC')],
        },
        public: {
          permissions: [
            allPermissions([...permissions, guardMetadata('public', { bool_match: true }, 'ROUTE')]),
          ],
          principals: [{ any: true }],
        },
      },
    },
    rules_stat_prefix: 'authplane_guard_',
  });
}

/** Paths that every upstream reads as Envoy does. Most have no escape, and need no look at those. */
function plainPath(): readonly Permission[] {
  const escaped = [
    { url_path: { path: regex(PATH_FORM) } },
    { not_rule: { url_path: { path: regex(ODD_ESCAPE) } } },
  ];
  return [anyPermission([{ url_path: { path: regex(UNESCAPED) } }, allPermissions(escaped)])];
}
