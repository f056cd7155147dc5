import { auth, filterChain, moreAuth } from './auth-bases.ts';
import type { BaseFile } from './base-parts.ts';
import { clusters } from './cluster-bases.ts';
import { manager, routes } from './http-bases.ts';
import { httpFilters, moreClusters, networkFilters } from './other-bases.ts';
import { onDemandTls, tlsListener } from './tls-bases.ts';
import { tunnel } from './tunnel-bases.ts';

/** Everything that is mutated, by name. */
export const BASE_FILES: Readonly<Record<string, BaseFile>> = {
  routes,
  manager,
  auth,
  moreAuth,
  filterChain,
  tlsListener,
  onDemandTls,
  clusters,
  tunnel,
  httpFilters,
  networkFilters,
  moreClusters,
};
