import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Asset } from '../../resources/source-tree.ts';
import type { AuthIndex } from './auth-index.ts';
import type { JwtProviderSpec } from './auth-spec.ts';
import type { AuthUsers } from './auth-users.ts';
import { headersSetBy } from './chain-headers.ts';
import { compileChain, type CompiledChain } from './compile-chain.ts';
import { compileProvider } from './jwt-provider.ts';

/** The chains of a node group. */
export interface CompiledChains {
  readonly chains: ReadonlyMap<string, CompiledChain>;
  /** Lower-cased names of all request headers that only the inside may set, sorted. */
  readonly internalHeaders: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles all chains of a node group, with the providers and policies that they name. */
export function compileChains(
  index: AuthIndex,
  users: AuthUsers,
  assets: ReadonlyMap<string, Asset>,
): CompiledChains {
  const entries = [...index.providers.values()];
  const sharesIssuer = ({ name, issuer }: JwtProviderSpec): boolean =>
    entries.some(({ spec }) => spec.issuer === issuer && spec.name !== name);
  const compiled = entries.map(entry => compileProvider(entry, assets, sharesIssuer(entry.spec)));
  const providers = new Map(compiled.map(({ provider }) => [provider.spec.name, provider]));
  const names = [
    ...compiled.flatMap(({ provider }) => provider.headers),
    ...[...index.chains.values()].flatMap(({ spec }) => headersSetBy(spec)),
    ...users.managers.flatMap(({ auth }) => auth.removeHeaders),
  ];
  const internalHeaders = [...new Set(names.map(name => name.toLowerCase()))].sort();
  const chains = new Map(
    [...index.chains].map(([name, chain]) => [
      name,
      compileChain({ chain, providers, policies: index.policies, assets, internalHeaders }),
    ]),
  );
  // Two chains may say the same of one policy.
  const diagnostics = new Map<string, Diagnostic>();
  const all = [
    ...compiled.flatMap(provider => provider.diagnostics),
    ...[...chains.values()].flatMap(chain => chain.diagnostics),
  ];
  for (const diagnostic of all) diagnostics.set(JSON.stringify(diagnostic), diagnostic);
  return { chains, internalHeaders, diagnostics: [...diagnostics.values()] };
}
