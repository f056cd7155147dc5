import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Asset } from '../../resources/source-tree.ts';
import { readCertificates } from '../../certificates/certificate-file.ts';
import type { CheckedFile } from '../checked-file.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import { diagnosticAt } from '../resource-group.ts';
import type { ServiceSpec, SidecarSpec } from './service-spec.ts';

/**
 * AP2010: the certificate of a sidecar has another identity than its service, so every caller would refuse it. Nothing is said of a certificate that
 * does not stand in a file, or cannot be read.
 */
export function identityProblem(
  files: readonly CheckedFile[],
  sidecar: DeclaredEntry<SidecarSpec>,
  { name, spiffeId }: ServiceSpec,
  assets: ReadonlyMap<string, Asset>,
): readonly Diagnostic[] {
  const secret = files
    .flatMap(file => file.fileSecrets)
    .find(entry => entry.name === sidecar.spec.certificate);
  const asset = secret?.kind === 'certificate' ? assets.get(secret.certificateChainPath) : undefined;
  if (asset?.kind !== 'read') return [];
  const [leaf] = readCertificates({ name: '', bytes: asset.bytes }).certificates;
  if (leaf === undefined) return [];
  const names = (leaf.subjectAltName ?? '').split(', ').filter(entry => entry.startsWith('URI:'));
  if (names.length === 1 && names[0] === `URI:${spiffeId}`) return [];
  const has = names.length === 0 ? 'no SPIFFE ID' : names.map(entry => entry.slice(4)).join(' and ');
  const message = `certificate "${sidecar.spec.certificate}" has ${has}; service "${name}" is ${spiffeId}`;
  return [diagnosticAt(sidecar.at(['certificate']), undefined, { code: 'AP2010', message })];
}
