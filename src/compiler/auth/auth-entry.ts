import type { DocumentPath } from '../../resources/diagnostic.ts';
import type { Origin } from '../../resources/resource.ts';
import type { AuthChainSpec, JwtProviderSpec, PolicySpec, PostureWaiverSpec } from './auth-spec.ts';

/** One entry of `jwt_providers`, `auth_chains`, `policies` or `posture_waivers`, decoded, with its place. */
export interface AuthEntry<Spec> {
  readonly spec: Spec;
  readonly origin: Origin;
  /** Where a path below the entry stands in the file: proto field names, list indexes, map keys. */
  readonly at: (path: DocumentPath) => Origin;
  /** The absolute path of a file that the entry names. */
  readonly resolve: (path: string) => string;
}

/** What one snapshot file says about auth. */
export interface AuthDeclarations {
  readonly jwtProviders: readonly AuthEntry<JwtProviderSpec>[];
  readonly authChains: readonly AuthEntry<AuthChainSpec>[];
  readonly policies: readonly AuthEntry<PolicySpec>[];
  readonly postureWaivers: readonly AuthEntry<PostureWaiverSpec>[];
}

/** A file without any. */
export const NO_AUTH_DECLARATIONS: AuthDeclarations = {
  jwtProviders: [],
  authChains: [],
  policies: [],
  postureWaivers: [],
};
