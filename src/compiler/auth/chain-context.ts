import type { Asset } from '../../resources/source-tree.ts';
import type { AuthEntry } from './auth-entry.ts';
import type { AuthChainSpec, PolicySpec } from './auth-spec.ts';
import type { CompiledProvider } from './jwt-provider.ts';

/** What the parts of a chain are made of. */
export interface ChainContext {
  readonly chain: AuthEntry<AuthChainSpec>;
  /** By name; those of the node group. */
  readonly providers: ReadonlyMap<string, CompiledProvider>;
  readonly policies: ReadonlyMap<string, AuthEntry<PolicySpec>>;
  /** Files by absolute path, and fetched key sets by URL. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** Lower-cased names of all request headers that only the inside may set. */
  readonly internalHeaders: readonly string[];
}
