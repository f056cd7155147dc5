import { join } from 'node:path';
import { fetchJwks } from '../jwks/fetch-jwks.ts';
import { JwksCache } from '../jwks/jwks-cache.ts';
import { JwksFiles } from '../jwks/jwks-file.ts';
import type { JwksSource } from '../jwks/jwks-source.ts';
import { jwksObserver } from '../observability/jwks-observer.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Asset } from '../resources/source-tree.ts';
import type { Jwk, TokenConfig } from '../tokens/config/token-config.ts';

/** Key sets of trusted issuers that are fetched. */
export interface IssuerKeys {
  /** Fetches those of a configuration from now on. */
  follow(config: TokenConfig): void;
  /** Undefined: not fetched yet. */
  keysOf(url: string): readonly Jwk[] | undefined;
  stop(): Promise<void>;
}

export function issuerKeysIn(
  directory: string,
  { clock, log, metrics }: { readonly clock: Clock; readonly log: Logger; readonly metrics: Metrics },
): IssuerKeys {
  /** Read once for each content: keys are imported once. */
  const parsed = new Map<string, { readonly hash: string; readonly keys: readonly Jwk[] }>();
  const cache = new JwksCache({
    clock,
    files: new JwksFiles(join(directory, 'jwks')),
    fetch: fetchJwks,
    random: Math.random,
    observer: jwksObserver({ metrics, log }),
    onChange: () => undefined,
  });
  return {
    follow: config => void cache.want(sourcesOf(config)),
    keysOf: url => {
      const asset = cache.assets().get(url);
      if (asset?.kind !== 'read') return undefined;
      const known = parsed.get(url);
      if (known?.hash === asset.hash) return known.keys;
      const keys = keysIn(asset);
      parsed.set(url, { hash: asset.hash, keys });
      return keys;
    },
    stop: () => cache.stop(),
  };
}

function keysIn({ bytes }: Asset & { readonly kind: 'read' }): readonly Jwk[] {
  return (JSON.parse(new TextDecoder().decode(bytes)) as { readonly keys: readonly Jwk[] }).keys;
}

function sourcesOf({ trustedIssuers }: TokenConfig): readonly JwksSource[] {
  return [...trustedIssuers.values()].flatMap(({ name, jwks }) => {
    if (jwks.kind !== 'url') return [];
    const { url, refreshMs, overlapMs, trustedCaPath } = jwks;
    return [{ url, providers: [name], refreshMs, overlapMs, trustedCaPath }];
  });
}
