import type { Diagnostic } from '../../resources/diagnostic.ts';
import { regularExpressionError } from '../checks/regular-expression.ts';
import { diagnosticAt } from '../resource-group.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import type { HeaderMatchSpec, PathMatchSpec, PolicySpec } from './auth-spec.ts';
import {
  allPermissions,
  anyPermission,
  header,
  headerPresent,
  oneOf,
  regex,
  type Permission,
} from './matchers.ts';

/** Which requests a policy is for. */
export function compilePermissions(policy: DeclaredEntry<PolicySpec>): {
  readonly permission: Permission;
  readonly diagnostics: readonly Diagnostic[];
} {
  const { requests } = policy.spec;
  if (requests === undefined) return { permission: { any: true }, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const all: Permission[] = [];
  if (requests.methods.length > 0) {
    all.push({ header: header(':method', { string_match: oneOf(requests.methods) }) });
  }
  if (requests.paths.length > 0) all.push(anyPermission(requests.paths.map(pathPermission)));
  for (const [name, match] of Object.entries(requests.headers)) {
    const permissions = headerPermissions(name, match);
    if (permissions.length === 0) diagnostics.push(emptyMatch(policy, ['headers', name]));
    all.push(...permissions);
  }
  if (all.length === 0 && diagnostics.length === 0) diagnostics.push(emptyMatch(policy, []));
  return { permission: allPermissions(all), diagnostics: [...diagnostics, ...pathProblems(policy)] };
}

function emptyMatch(policy: DeclaredEntry<PolicySpec>, path: readonly string[]): Diagnostic {
  const message = `policy "${policy.spec.name}" does not say which requests are meant`;
  return diagnosticAt(policy.at(['requests', ...path]), undefined, { code: 'AP1907', message });
}

function pathProblems(policy: DeclaredEntry<PolicySpec>): readonly Diagnostic[] {
  const { requests, effect, name } = policy.spec;
  const diagnostics: Diagnostic[] = [];
  (requests?.paths ?? []).forEach(({ match }, index) => {
    if (match.case !== 'regex') return;
    const error = regularExpressionError(match.value);
    if (error === undefined) return;
    const place = policy.at(['requests', 'paths', index, 'regex']);
    diagnostics.push(diagnosticAt(place, undefined, { code: 'AP1907', message: error }));
  });
  if (effect === 2 && (requests?.paths.length ?? 0) > 0) {
    const message = `policy "${name}" denies paths`;
    const place = policy.at(['requests', 'paths']);
    diagnostics.push(diagnosticAt(place, undefined, { code: 'AP1912', severity: 'warning', message }));
  }
  return diagnostics;
}

function pathPermission({ match, ignoreCase }: PathMatchSpec): Permission {
  if (match.case === undefined) return { not_rule: { any: true } };
  if (match.case === 'regex') return { url_path: { path: regex(match.value) } };
  return { url_path: { path: { [match.case]: match.value, ...(ignoreCase ? { ignore_case: true } : {}) } } };
}

function headerPermissions(name: string, match: HeaderMatchSpec): readonly Permission[] {
  const found: Permission[] = [];
  if (match.any.length > 0) found.push({ header: header(name, { string_match: oneOf(match.any) }) });
  if (match.prefix.length > 0) {
    found.push(
      anyPermission(match.prefix.map(prefix => ({ header: header(name, { string_match: { prefix } }) }))),
    );
  }
  if (match.present) found.push({ header: headerPresent(name) });
  return found;
}
