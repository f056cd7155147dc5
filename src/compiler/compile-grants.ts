import type { Diagnostic } from '../resources/diagnostic.ts';
import { NOBODY, type Grant } from '../resources/grant.ts';
import type { Origin } from '../resources/resource.ts';
import { SECRET } from '../resources/type-url.ts';
import type { CheckedFile } from './checked-file.ts';
import { describeOrigin, diagnosticAt, resourcesOfType, type ResourceGroup } from './resource-group.ts';

/** Who may have which secret of a group, and what is wrong with the grants. */
export interface CompiledGrants {
  /** Secrets that are not for every proxy of the group. */
  readonly grants: ReadonlyMap<string, Grant>;
  readonly diagnostics: readonly Diagnostic[];
}

interface WrittenGrant {
  readonly grant: Grant;
  readonly origin: Origin;
}

/**
 * A secret with a grant is for whom it says; without one it is for the proxies whose resources refer to it, which in one group are all or
 * nobody. A listener that picks certificates by name on demand refers to all. AP1523 for grants of secrets that do not exist or that have one
 * already, AP1313 (a warning) for secrets that nobody gets.
 */
export function compileGrants(files: readonly CheckedFile[], group: ResourceGroup): CompiledGrants {
  const secrets = resourcesOfType(group, SECRET);
  const diagnostics: Diagnostic[] = [];
  const written = new Map<string, WrittenGrant>();
  for (const { name, grant, origin } of files.flatMap(file => [...file.fileSecrets, ...file.secretGrants])) {
    if (grant === undefined) continue;
    const other = written.get(name);
    if (other === undefined && secrets.has(name)) {
      written.set(name, { grant, origin });
      continue;
    }
    const reason =
      other === undefined ? 'does not exist' : `has a grant already, at ${describeOrigin(other.origin)}`;
    diagnostics.push(
      diagnosticAt(origin, undefined, { code: 'AP1523', message: `secret "${name}" ${reason}` }),
    );
  }
  const used = new Set(
    group.resources.flatMap(({ facts }) => [
      ...facts.references.filter(({ kind }) => kind === 'secret').map(({ name }) => name),
      ...(facts.otherSecretNames ?? []),
    ]),
  );
  const takesAny = group.resources.some(({ facts }) => facts.picksSecrets === true);
  const grants = new Map<string, Grant>();
  for (const [name, { resource }] of secrets) {
    const grant = written.get(name)?.grant;
    if (grant !== undefined) grants.set(name, grant);
    else if (!used.has(name) && !takesAny) {
      grants.set(name, NOBODY);
      const message = `no resource refers to secret "${name}" and it has no grant, so no proxy gets it`;
      diagnostics.push(
        diagnosticAt(resource.origin, undefined, { code: 'AP1313', severity: 'warning', message }),
      );
    }
  }
  return { grants, diagnostics };
}
