import type { CheckedFile } from '../checked-file.ts';
import { durationMs } from './auth-spec.ts';

/** A key set that a provider wants to be fetched. */
export interface WantedJwks {
  readonly url: string;
  readonly provider: string;
  readonly refreshMs: number;
  readonly overlapMs: number;
  /** Absolute; undefined: the CAs of the system. */
  readonly trustedCaPath: string | undefined;
}

const DEFAULT_REFRESH_MS = 300_000;

/** All key sets that files want to be fetched. */
export function wantedJwks(files: readonly CheckedFile[]): readonly WantedJwks[] {
  return files.flatMap(({ auth }) =>
    auth.jwtProviders.flatMap(({ spec, resolve }) => {
      const { source, refresh, overlap, trustedCa } = spec.jwks;
      if (source.case !== 'url') return [];
      return [
        {
          url: source.value,
          provider: spec.name,
          refreshMs: durationMs(refresh, DEFAULT_REFRESH_MS),
          overlapMs: durationMs(overlap, 0),
          trustedCaPath: trustedCa === '' ? undefined : resolve(trustedCa),
        },
      ];
    }),
  );
}
