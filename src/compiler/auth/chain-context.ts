import type { Asset } from '../../resources/source-tree.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import type { AuthChainSpec, PolicySpec } from './auth-spec.ts';
import type { CompiledProvider } from './jwt-provider.ts';

/** What the parts of a chain are made of. */
export interface ChainContext {
  readonly chain: DeclaredEntry<AuthChainSpec>;
  /** By name; those of the node group. */
  readonly providers: ReadonlyMap<string, CompiledProvider>;
  readonly policies: ReadonlyMap<string, DeclaredEntry<PolicySpec>>;
  /** Files by absolute path, and fetched key sets by URL. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** Lower-cased names of all request headers that only the inside may set. */
  readonly internalHeaders: readonly string[];
}
