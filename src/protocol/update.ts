import type { Resource } from '../resources/resource.ts';
import type { TypeUrl } from '../resources/type-url.ts';

/**
 * The content of one response without its nonce. Immutable and, where streams have the same subscription,
 * the same object: encoders may cache the bytes by identity.
 */
export interface Update {
  readonly variant: 'sotw' | 'delta';
  readonly typeUrl: TypeUrl;
  /** `version_info` or `system_version_info`. */
  readonly versionInfo: string;
  readonly resources: readonly Resource[];
  /** Delta: `removed_resources`. */
  readonly removed: readonly string[];
  /**
   * Delta VHDS: names that do not exist, to be answered by a Resource with the name as its alias and no body.
   * Envoy answers 404 at once; after `removed_resources` the request would hang.
   */
  readonly bodiless: readonly string[];
}
