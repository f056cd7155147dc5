import type { DeclaredEntry } from '../declared-entry.ts';
import type { AuthChainSpec, JwtProviderSpec, PolicySpec, PostureWaiverSpec } from './auth-spec.ts';

/** What one snapshot file says about auth. */
export interface AuthDeclarations {
  readonly jwtProviders: readonly DeclaredEntry<JwtProviderSpec>[];
  readonly authChains: readonly DeclaredEntry<AuthChainSpec>[];
  readonly policies: readonly DeclaredEntry<PolicySpec>[];
  readonly postureWaivers: readonly DeclaredEntry<PostureWaiverSpec>[];
}

/** A file without any. */
export const NO_AUTH_DECLARATIONS: AuthDeclarations = {
  jwtProviders: [],
  authChains: [],
  policies: [],
  postureWaivers: [],
};
