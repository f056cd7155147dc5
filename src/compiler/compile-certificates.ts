import { checkCertificatePair } from '../certificates/certificate-pair.ts';
import { certificateError, type CertificateIssue, type NamedPem } from '../certificates/certificate-issue.ts';
import { checkTrustBundle } from '../certificates/trust-bundle.ts';
import type { Diagnostic } from '../resources/diagnostic.ts';
import type { Origin } from '../resources/resource.ts';
import type { Asset } from '../resources/source-tree.ts';
import { assetFailure } from './asset-failure.ts';
import type { CertificateEntry, CheckedFile, CheckedResource, TrustBundleEntry } from './checked-file.ts';
import { diagnosticAt } from './resource-group.ts';
import type { Schema } from './schema/registry.ts';
import { makeSecret, type SecretContent } from './secret-message.ts';

/** Secrets made of files, and what is wrong with the files. */
export interface CompiledCertificates {
  readonly resources: readonly CheckedResource[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What files are read from and the time they are judged at. */
export interface CertificateContext {
  readonly schema: Schema;
  /** By absolute path. */
  readonly assets: ReadonlyMap<string, Asset>;
  readonly nowMs: number;
}

interface CompiledContent {
  readonly issues: readonly CertificateIssue[];
  /** Undefined when a file could not be read. */
  readonly content: SecretContent | undefined;
}

/**
 * Makes a secret of every entry of `certificates:` and `trust_bundles:`. An entry with an error gives a secret too when its
 * files could be read, so that references to it are not reported besides.
 */
export function compileCertificates(
  files: readonly CheckedFile[],
  context: CertificateContext,
): CompiledCertificates {
  const resources: CheckedResource[] = [];
  const diagnostics: Diagnostic[] = [];
  const add = (name: string, origin: Origin, compiled: CompiledContent): void => {
    for (const issue of compiled.issues) diagnostics.push(diagnosticAt(origin, undefined, issue));
    const { content = UNREADABLE } = compiled;
    resources.push({ resource: makeSecret(context.schema, name, content, origin), facts: factsOf(content) });
  };
  for (const file of files) {
    for (const entry of file.certificates) add(entry.name, entry.origin, compileCertificate(entry, context));
    for (const entry of file.trustBundles) add(entry.name, entry.origin, compileTrustBundle(entry, context));
  }
  return { resources, diagnostics };
}

/** Stands for a secret whose files cannot be read; the error beside it keeps it from being served. */
const UNREADABLE: SecretContent = {
  kind: 'certificate',
  certificateChain: new Uint8Array(),
  privateKey: new Uint8Array(),
};

function factsOf(content: SecretContent): CheckedResource['facts'] {
  // What it would be is not known, so nothing about its use is wrong.
  if (content === UNREADABLE) return { references: [], hasCustomValidator: true };
  if (content.kind === 'certificate') return { references: [], secretKind: 'tlsCertificate' };
  const hasCustomValidator = content.spiffeTrustDomain !== undefined;
  return { references: [], secretKind: 'validationContext', hasCustomValidator };
}

function compileCertificate(entry: CertificateEntry, context: CertificateContext): CompiledContent {
  const chain = readAsset(entry.certificateChainPath, context);
  const key = readAsset(entry.privateKeyPath, context);
  if (chain.pem === undefined || key.pem === undefined) {
    return { issues: [...chain.issues, ...key.issues], content: undefined };
  }
  return {
    issues: checkCertificatePair({ certificateChain: chain.pem, privateKey: key.pem }, context.nowMs),
    content: { kind: 'certificate', certificateChain: chain.pem.bytes, privateKey: key.pem.bytes },
  };
}

function compileTrustBundle(entry: TrustBundleEntry, context: CertificateContext): CompiledContent {
  const { crlPath, spiffeTrustDomain } = entry;
  const ca = readAsset(entry.trustedCaPath, context);
  const crl = crlPath === undefined ? { pem: undefined, issues: [] } : readAsset(crlPath, context);
  const issues = [...ca.issues, ...crl.issues];
  if (crlPath !== undefined && spiffeTrustDomain !== undefined) {
    const message = `trust bundle "${entry.name}" has both crl and spiffe_trust_domain; the list would not be used`;
    issues.push(certificateError('AP1518', message));
  }
  if (ca.pem === undefined) return { issues, content: undefined };
  issues.push(...checkTrustBundle({ trustedCa: ca.pem, crl: crl.pem }, context.nowMs));
  return {
    issues,
    content: { kind: 'trustBundle', trustedCa: ca.pem.bytes, crl: crl.pem?.bytes, spiffeTrustDomain },
  };
}

function readAsset(
  path: string,
  context: CertificateContext,
): { readonly pem: NamedPem | undefined; readonly issues: readonly CertificateIssue[] } {
  const asset = context.assets.get(path);
  if (asset?.kind === 'read') return { pem: { name: path, bytes: asset.bytes }, issues: [] };
  return { pem: undefined, issues: [certificateError('AP1501', `${path} ${assetFailure(asset)}`)] };
}
