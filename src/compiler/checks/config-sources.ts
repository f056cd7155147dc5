import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Origin } from '../../resources/resource.ts';
import type { ConfigSourceFact } from '../facts.ts';
import { diagnosticAt, type GroupCheck } from '../resource-group.ts';

/**
 * AP1405: one name asked of different config sources. Envoy then opens two watches under one subscription, and a
 * state-of-the-world server that sees an unchanged list of names never answers the second one.
 */
export const checkConfigSources: GroupCheck = group => {
  const special = new Map<string, { readonly fact: ConfigSourceFact; readonly origin: Origin }[]>();
  for (const { resource, facts } of group.resources) {
    for (const fact of facts.configSources ?? []) {
      const key = `${fact.kind} ${fact.name}`;
      special.set(key, [...(special.get(key) ?? []), { fact, origin: resource.origin }]);
    }
  }
  if (special.size === 0) return [];
  const uses = new Map<string, number>();
  for (const { facts } of group.resources) {
    for (const { kind, name } of facts.references) {
      const key = `${kind} ${name}`;
      if (special.has(key)) uses.set(key, (uses.get(key) ?? 0) + 1);
    }
  }
  const diagnostics: Diagnostic[] = [];
  for (const [key, entries] of special) {
    const isPlainElsewhere = (uses.get(key) ?? 0) > entries.length;
    const expected = isPlainElsewhere ? undefined : entries[0]?.fact.fingerprint;
    for (const { fact, origin } of entries) {
      if (fact.fingerprint === expected) continue;
      const message = `the config source of "${fact.name}" differs from another one for the same name`;
      diagnostics.push(diagnosticAt(origin, fact, { code: 'AP1405', message }));
    }
  }
  return diagnostics;
};
