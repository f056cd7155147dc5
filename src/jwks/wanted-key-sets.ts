import type { WantedJwks } from '../compiler/auth/jwks-urls.ts';
import type { Asset } from '../resources/source-tree.ts';
import type { JwksCache } from './jwks-cache.ts';
import type { JwksSource } from './jwks-source.ts';

/** The cache in the form in which the pipeline asks for key sets: by provider, of which several may name one URL. */
export function wantedKeySets(cache: JwksCache): {
  readonly assets: () => ReadonlyMap<string, Asset>;
  readonly want: (wanted: readonly WantedJwks[]) => Promise<void>;
} {
  return { assets: () => cache.assets(), want: wanted => cache.want(sourcesOf(wanted)) };
}

/** One source for each URL: the shortest time between fetches, the longest overlap, the CAs of the first. */
export function sourcesOf(wanted: readonly WantedJwks[]): readonly JwksSource[] {
  const sources = new Map<string, JwksSource>();
  for (const { url, provider, refreshMs, overlapMs, trustedCaPath } of wanted) {
    const known = sources.get(url);
    sources.set(url, {
      url,
      providers: [...new Set([...(known?.providers ?? []), provider])],
      refreshMs: Math.min(refreshMs, known?.refreshMs ?? Infinity),
      overlapMs: Math.max(overlapMs, known?.overlapMs ?? 0),
      trustedCaPath: known === undefined ? trustedCaPath : known.trustedCaPath,
    });
  }
  return [...sources.values()];
}
