import { X509Certificate } from 'node:crypto';
import { AuthplaneError } from '../platform/errors.ts';
import type { AuthorityDirectory, AuthorityKeyKind } from './authority-directory.ts';
import { liveIssuers, withoutExpired, type AuthorityState } from './authority-state.ts';
import type { Period } from './build-certificate.ts';
import { CertificateAuthority } from './certificate-authority.ts';

/**
 * Writes what others read: the CAs that are trusted (`trust.pem`), with a revocation list of each (`revoked.crl`), valid for `period`. Then the
 * state, and last the keys of CAs that nobody needs any more are deleted. Returns the state.
 */
export async function publishAuthority(
  directory: AuthorityDirectory,
  before: AuthorityState,
  period: Period,
  nowMs: number,
): Promise<AuthorityState> {
  const live = withoutExpired(before, nowMs);
  const listNumber = live.listNumber + 1;
  const roots = live.roots.filter(({ id }) => live.trusted.includes(id));
  const issuers = liveIssuers(live, nowMs).filter(({ rootId }) => live.trusted.includes(rootId));
  const lists: string[] = [];
  for (const { id, certificatePem } of roots) {
    const ca = await loadAuthority(directory, 'root', id, certificatePem, '');
    lists.push(ca.revocationList([], period, listNumber));
  }
  for (const { id, certificatePem } of issuers) {
    const ca = await loadAuthority(directory, 'issuing', id, certificatePem, certificatePem);
    const entries = live.revoked
      .filter(({ issuerId }) => issuerId === id)
      .map(({ serialNumber, revokedAtMs }) => ({ serialNumber, revokedAt: new Date(revokedAtMs) }));
    lists.push(ca.revocationList(entries, period, listNumber));
  }
  const trust = [...roots, ...issuers].map(({ certificatePem }) => certificatePem);
  await directory.writePublic('lists', lists.join(''));
  await directory.writePublic('trust', trust.join(''));
  const untilMs = period.notAfter.getTime();
  const state = { ...live, listNumber, lists: { fromMs: period.notBefore.getTime(), untilMs } };
  await directory.writeState(state);
  for (const { id } of before.issuers.filter(issuer => !live.issuers.includes(issuer))) {
    await directory.removeKey('issuing', id);
  }
  return state;
}

/** A CA with its key. @throws AuthplaneError CA_UNUSABLE when the key cannot be read, or is another one's. */
export async function loadAuthority(
  directory: AuthorityDirectory,
  kind: AuthorityKeyKind,
  id: number,
  certificatePem: string,
  chainPem: string,
): Promise<CertificateAuthority> {
  const privateKey = await directory.readKey(kind, id);
  if (!new X509Certificate(certificatePem).checkPrivateKey(privateKey)) {
    throw new AuthplaneError('CA_UNUSABLE', `${kind}-${id}.key is not the key of its certificate`);
  }
  return new CertificateAuthority({ certificatePem, privateKey, chainPem });
}
