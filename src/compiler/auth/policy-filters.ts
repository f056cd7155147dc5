import type { JsonObject } from '@bufbuild/protobuf';
import type { Diagnostic } from '../../resources/diagnostic.ts';
import { diagnosticAt } from '../resource-group.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import type { PolicySpec } from './auth-spec.ts';
import { celNot, compileCel } from './cel.ts';
import { type Permission, type Principal } from './matchers.ts';
import { httpFilter, type ChainPart, type NestedFilter } from './nested-filter.ts';
import { compilePermissions } from './permissions.ts';
import { compilePrincipals, type PrincipalContext } from './principals.ts';

/** At most so many policies in one filter: Envoy tries them in turn. */
export const MAX_POLICIES = 200;

/** At most so many of them with a CEL expression. */
export const MAX_CEL_POLICIES = 30;

/** A policy, compiled. */
interface CompiledPolicy {
  readonly name: string;
  readonly effect: 'allow' | 'deny';
  readonly shadow: boolean;
  readonly permission: Permission;
  readonly principal: Principal;
  readonly condition: JsonObject | undefined;
}

/**
 * Filters (Envoy's RBAC) that decide by policies: `deny` overrides, and what no `allow` policy matches is denied. Policies in shadow
 * mode only count: `<prefix>.rbac.<chain>_shadow_…`.
 */
export function policyFilters(
  chain: string,
  policies: readonly DeclaredEntry<PolicySpec>[],
  context: PrincipalContext,
): ChainPart {
  const diagnostics: Diagnostic[] = [];
  const compiled = policies.map(policy => compilePolicy(policy, context, diagnostics));
  const enforced = compiled.filter(({ shadow }) => !shadow);
  const shadowed = compiled.filter(({ shadow }) => shadow);
  const allowed = enforced.filter(({ effect }) => effect === 'allow');
  const denied = enforced.filter(({ effect }) => effect === 'deny');
  const filters = [
    ...shadowFilters(chain, allowed, shadowed),
    ...denyFilters(chain, denied),
    enforcing(`${chain}/allow`, chain, 'ALLOW', allowed),
  ];
  return { filters, diagnostics };
}

/** How many policies there are, and how many with an expression, against what Envoy handles well. */
export function policyLimitProblem(policies: readonly DeclaredEntry<PolicySpec>[]): string | undefined {
  const cel = policies.filter(({ spec }) => spec.when !== '').length;
  if (cel > MAX_CEL_POLICIES) return `${cel} policies with "when"; at most ${MAX_CEL_POLICIES} are allowed`;
  if (policies.length > MAX_POLICIES)
    return `${policies.length} policies; at most ${MAX_POLICIES} are allowed`;
  return undefined;
}

function compilePolicy(
  policy: DeclaredEntry<PolicySpec>,
  context: PrincipalContext,
  diagnostics: Diagnostic[],
): CompiledPolicy {
  const { name, effect, mode, when } = policy.spec;
  const { principal, diagnostics: principalProblems } = compilePrincipals(policy, context);
  const { permission, diagnostics: permissionProblems } = compilePermissions(policy);
  diagnostics.push(...principalProblems, ...permissionProblems);
  const cel = when === '' ? undefined : compileCel(when);
  if (cel !== undefined && cel.kind !== 'parsed') {
    const code = cel.kind === 'unreadable' ? 'AP1909' : 'AP1910';
    const message = `policy "${name}": ${cel.message}`;
    diagnostics.push(diagnosticAt(policy.at(['when']), undefined, { code, message }));
  }
  return {
    name,
    effect: effect === 2 ? 'deny' : 'allow',
    shadow: mode === 1,
    permission,
    principal,
    condition: cel?.kind === 'parsed' ? cel.expression : undefined,
  };
}

function rules(action: 'ALLOW' | 'DENY', policies: readonly CompiledPolicy[]): JsonObject {
  const entries = policies.map(policy => [policy.name, policyJson(policy)] as const);
  return { action, policies: Object.fromEntries(entries) };
}

function policyJson({ permission, principal, condition }: CompiledPolicy): JsonObject {
  return {
    permissions: [permission],
    principals: [principal],
    ...(condition === undefined ? {} : { condition }),
  };
}

function enforcing(
  name: string,
  chain: string,
  action: 'ALLOW' | 'DENY',
  policies: readonly CompiledPolicy[],
): NestedFilter {
  return httpFilter(name, 'rbac.v3.RBAC', {
    rules: rules(action, policies),
    rules_stat_prefix: `${chain}_`,
  });
}

/**
 * A policy with an expression becomes a filter of its own that lets pass what the policy does not match: an expression that cannot be
 * evaluated is false for Envoy, which must deny here.
 */
function denyFilters(chain: string, policies: readonly CompiledPolicy[]): readonly NestedFilter[] {
  const plain = policies.filter(({ condition }) => condition === undefined);
  const filters = policies.flatMap(policy =>
    policy.condition === undefined ? [] : [unlessMatched(chain, policy, policy.condition)],
  );
  return plain.length === 0 ? filters : [enforcing(`${chain}/deny`, chain, 'DENY', plain), ...filters];
}

function unlessMatched(chain: string, policy: CompiledPolicy, condition: JsonObject): NestedFilter {
  const { name, permission, principal } = policy;
  return httpFilter(`${chain}/deny/${name}`, 'rbac.v3.RBAC', {
    rules: {
      action: 'ALLOW',
      policies: {
        'other-requests': { permissions: [{ not_rule: permission }], principals: [{ any: true }] },
        'other-principals': { permissions: [{ any: true }], principals: [{ not_id: principal }] },
        'condition-is-false': {
          permissions: [{ any: true }],
          principals: [{ any: true }],
          condition: celNot(condition),
        },
      },
    },
    rules_stat_prefix: `${chain}_`,
  });
}

/** What would be if the policies in shadow mode were enforced: the `allow` policies with the enforced ones, the `deny` policies alone. */
function shadowFilters(
  chain: string,
  allowed: readonly CompiledPolicy[],
  shadowed: readonly CompiledPolicy[],
): readonly NestedFilter[] {
  const filters: NestedFilter[] = [];
  const shadow = (name: string, action: 'ALLOW' | 'DENY', policies: readonly CompiledPolicy[]): void => {
    filters.push(
      httpFilter(`${chain}/${name}`, 'rbac.v3.RBAC', {
        shadow_rules: rules(action, policies),
        shadow_rules_stat_prefix: `${chain}_${name.replace('-', '_')}_`,
      }),
    );
  };
  const allow = shadowed.filter(({ effect }) => effect === 'allow');
  const deny = shadowed.filter(({ effect }) => effect === 'deny');
  if (allow.length > 0) shadow('shadow-allow', 'ALLOW', [...allowed, ...allow]);
  if (deny.length > 0) shadow('shadow-deny', 'DENY', deny);
  return filters;
}
