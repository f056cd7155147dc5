import type { ResourceVisitor, ResourceVisitors } from '../schema/visitor.ts';
import type { CheckContext, MessageCheck, MessageChecks } from './check-context.ts';
import { authChainRules } from './auth-chain-rules.ts';
import { authFilterRules } from './auth-filter-rules.ts';
import { clusterReferences } from './cluster-references.ts';
import { clusterRules } from './cluster-rules.ts';
import { expressionRules } from './expression-rules.ts';
import { extensionRules } from './extension-rules.ts';
import { FactBuilder } from './fact-builder.ts';
import { checkDefaultConfig, filterChainRules } from './filter-chain-rules.ts';
import { filterFacts, noteConfiguration } from './filter-facts.ts';
import { formatRules } from './format-rules.ts';
import { jwtRules } from './jwt-rules.ts';
import { listenerFacts } from './listener-facts.ts';
import { listenerRules } from './listener-rules.ts';
import { routeRules } from './route-rules.ts';
import { tlsRules } from './tls-rules.ts';
import { tunnelRules } from './tunnel-rules.ts';
import { checkApiVersions, checkDurations, regexRules } from './value-rules.ts';
import { xdsReferences } from './xds-references.ts';

const ALL: readonly MessageChecks[] = [
  clusterReferences,
  xdsReferences,
  listenerFacts,
  filterFacts,
  clusterRules,
  listenerRules,
  filterChainRules,
  routeRules,
  jwtRules,
  tlsRules,
  tunnelRules,
  regexRules,
  extensionRules,
  formatRules,
  authFilterRules,
  expressionRules,
  authChainRules,
];

const byTypeName: ReadonlyMap<string, readonly MessageCheck[]> = groupByType(ALL);

/** The checks that need one resource only, and the facts for the group checks, as one visitor. */
export const resourceVisitors: ResourceVisitors = (report, collect, resource) => {
  const facts = new FactBuilder(collect);
  const context: CheckContext = {
    resource,
    facts,
    report: (node, path, problem) => {
      report({ severity: 'error', ...problem, path: [...node.path, ...path] });
    },
  };
  const visitor: ResourceVisitor = {
    enter: node => {
      if (node.field?.message?.typeName === 'google.protobuf.Any') {
        noteConfiguration(node, context);
        checkDefaultConfig(node, context);
      }
      checkDurations(node, context);
      checkApiVersions(node, context);
      for (const check of byTypeName.get(node.typeName) ?? []) check(node, context);
    },
    leave: node => {
      if (node.parent === undefined) facts.finish();
    },
  };
  return [visitor];
};

function groupByType(tables: readonly MessageChecks[]): ReadonlyMap<string, readonly MessageCheck[]> {
  const grouped = new Map<string, MessageCheck[]>();
  for (const table of tables) {
    for (const [typeName, check] of Object.entries(table)) {
      const checks = grouped.get(typeName);
      if (checks === undefined) grouped.set(typeName, [check]);
      else checks.push(check);
    }
  }
  return grouped;
}
