import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { CheckedFile } from '../checked-file.ts';
import { describeOrigin, diagnosticAt } from '../resource-group.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import type { AuthChainSpec, JwtProviderSpec, PolicySpec, PostureWaiverSpec } from './auth-spec.ts';

/** What the files of a node group say about auth, by name. */
export interface AuthIndex {
  readonly providers: ReadonlyMap<string, DeclaredEntry<JwtProviderSpec>>;
  readonly chains: ReadonlyMap<string, DeclaredEntry<AuthChainSpec>>;
  readonly policies: ReadonlyMap<string, DeclaredEntry<PolicySpec>>;
  readonly waivers: readonly DeclaredEntry<PostureWaiverSpec>[];
  /** Names that stand twice (AP1902). Of those the first one counts. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Joins the files of a node group. */
export function indexAuth(files: readonly CheckedFile[]): AuthIndex {
  const diagnostics: Diagnostic[] = [];
  return {
    providers: byName(
      'provider',
      files.flatMap(({ auth }) => auth.jwtProviders),
      diagnostics,
    ),
    chains: byName(
      'auth chain',
      files.flatMap(({ auth }) => auth.authChains),
      diagnostics,
    ),
    policies: byName(
      'policy',
      files.flatMap(({ auth }) => auth.policies),
      diagnostics,
    ),
    waivers: files.flatMap(({ auth }) => auth.postureWaivers),
    diagnostics,
  };
}

function byName<Spec extends { readonly name: string }>(
  noun: string,
  entries: readonly DeclaredEntry<Spec>[],
  diagnostics: Diagnostic[],
): ReadonlyMap<string, DeclaredEntry<Spec>> {
  const found = new Map<string, DeclaredEntry<Spec>>();
  for (const entry of entries) {
    const { name } = entry.spec;
    const other = found.get(name);
    if (other === undefined) {
      found.set(name, entry);
      continue;
    }
    const message = `${noun} "${name}" is defined in ${describeOrigin(other.origin)} too`;
    diagnostics.push(diagnosticAt(entry.origin, undefined, { code: 'AP1902', message }));
  }
  return found;
}
