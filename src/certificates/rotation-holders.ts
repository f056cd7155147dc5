import type { Rotation, RotationHolder } from './ca-rotation.ts';

/** A secret as a running authplane serves it, for the question how far a rotation is. */
export interface ServedSecret {
  readonly group: string;
  readonly name: string;
  /** `certificate`: a chain; `trust`: CAs that the other side must come from. */
  readonly kind: 'certificate' | 'trust';
  /** SHA-256 of every certificate in it, as Node writes fingerprints. */
  readonly fingerprints: readonly string[];
  /** Ids of connected proxies that use it and have not accepted this content. */
  readonly behind: readonly string[];
}

/** A certificate that the CA has issued and that counts: not expired, not revoked. */
export interface LiveCertificate {
  readonly name: string;
  /** Number of the root that it comes from; undefined when that is gone. */
  readonly root: number | undefined;
}

export interface HolderFacts {
  readonly served: readonly ServedSecret[];
  readonly issued: readonly LiveCertificate[];
  /** By the number of a root: SHA-256 of it and of the CAs below it. */
  readonly fingerprints: ReadonlyMap<number, ReadonlySet<string>>;
}

/** Who holds up the next stage of a rotation; empty: nobody. Pure. */
export function rotationHolders(rotation: Rotation, facts: HolderFacts): readonly RotationHolder[] {
  const holds = (secret: ServedSecret, root: number): boolean =>
    secret.fingerprints.some(fingerprint => facts.fingerprints.get(root)?.has(fingerprint) === true);
  const { from, to } = rotation;
  const trust = facts.served.filter(({ kind }) => kind === 'trust');
  const chains = facts.served.filter(({ kind }) => kind === 'certificate');
  switch (rotation.stage) {
    case 'distributing': {
      const affected = trust.filter(secret => holds(secret, from) || holds(secret, to));
      if (affected.length === 0) return [NOBODY_TRUSTS];
      return affected.flatMap(secret =>
        holds(secret, to) ? behind(secret) : [missing(secret, 'does not have the new root yet')],
      );
    }
    case 'issuing':
      return [
        ...facts.issued
          .filter(({ root }) => root === from)
          .map(({ name }) => ({ reason: `certificate ${name} still comes from the old root`, nodes: [] })),
        ...chains.flatMap(secret => {
          if (holds(secret, from)) return [missing(secret, 'still comes from the old root')];
          return holds(secret, to) ? behind(secret) : [];
        }),
      ];
    case 'withdrawing':
      return trust.flatMap(secret => {
        if (holds(secret, from)) return [missing(secret, 'still has the old root')];
        return holds(secret, to) ? behind(secret) : [];
      });
  }
}

const NOBODY_TRUSTS: RotationHolder = {
  reason:
    'no trust bundle that authplane serves has a root of this CA, so nothing shows that proxies trust the new one',
  nodes: [],
};

function missing({ name, group }: ServedSecret, what: string): RotationHolder {
  return { reason: `secret ${name} of ${group} ${what}`, nodes: [] };
}

function behind({ name, group, behind: nodes }: ServedSecret): readonly RotationHolder[] {
  return nodes.length === 0 ? [] : [{ reason: `secret ${name} of ${group} is not accepted yet`, nodes }];
}
