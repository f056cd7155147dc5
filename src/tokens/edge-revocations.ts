import type { Revocation } from './revocation.ts';

/** A revocation as proxies check it: tokens whose claim has this value and that were issued before that time are refused. */
export interface EdgeRevocation {
  readonly claim: 'jti' | 'sub' | 'client_id';
  readonly value: string;
  /** Seconds since the epoch. */
  readonly issuedBefore: number;
}

/** All that proxies check. */
export interface EdgeRevocations {
  readonly entries: readonly EdgeRevocation[];
  /** Every token that was issued before is refused; seconds since the epoch. Undefined: none for its age alone. */
  readonly issuedBefore: number | undefined;
}

/** Entries that proxies compare with every request: 500 cost about 25 µs. */
export const MAX_EDGE_REVOCATIONS = 500;

const CLAIMS = { jti: 'jti', subject: 'sub', client: 'client_id' } as const;

/**
 * The revocations for proxies, bounded. When there are too many, those of single tokens become one of their client, for the clients with the most of them: they
 * refuse more than was asked for, of that client only, and its next token is taken again. If that is not enough, everybody's older tokens are refused. Nothing
 * that was revoked is ever taken. Pure.
 * @param revocations the newest first.
 */
export function edgeRevocations(
  revocations: readonly Revocation[],
  max: number = MAX_EDGE_REVOCATIONS,
): EdgeRevocations {
  const named = revocations.filter(({ kind }) => kind !== 'macaroon');
  const merged = named.length <= max ? named : mergeByClient(named, max);
  const rest = merged.slice(max);
  const oldest = rest.reduce((latest, { issuedBeforeMs }) => Math.max(latest, issuedBeforeMs), 0);
  return {
    entries: merged.slice(0, max).map(entryOf),
    issuedBefore: rest.length === 0 ? undefined : Math.ceil(oldest / 1000),
  };
}

function entryOf({ kind, value, issuedBeforeMs }: Revocation): EdgeRevocation {
  return {
    claim: CLAIMS[kind as keyof typeof CLAIMS],
    value,
    issuedBefore: Math.ceil(issuedBeforeMs / 1000),
  };
}

function mergeByClient(named: readonly Revocation[], max: number): readonly Revocation[] {
  const groups = Map.groupBy(
    named.filter(({ kind, clientId }) => kind === 'jti' && clientId !== undefined),
    ({ clientId }) => clientId ?? '',
  );
  const largest = [...groups].sort(([, a], [, b]) => b.length - a.length);
  let count = named.length;
  const merged = new Map<string, Revocation>();
  for (const [clientId, group] of largest) {
    const [newest] = group;
    if (count <= max || newest === undefined || group.length < 2) break;
    const issuedBeforeMs = Math.max(...group.map(revocation => revocation.issuedBeforeMs));
    merged.set(clientId, { ...newest, kind: 'client', value: clientId, issuedBeforeMs });
    count -= group.length - 1;
  }
  const kept = named.filter(({ kind, clientId }) => kind !== 'jti' || !merged.has(clientId ?? ''));
  return [...merged.values(), ...kept].sort((a, b) => b.createdMs - a.createdMs);
}
