import { checkCertificatePair } from '../certificates/certificate-pair.ts';
import { certificateError, type CertificateIssue, type NamedPem } from '../certificates/certificate-issue.ts';
import { checkTrustBundle } from '../certificates/trust-bundle.ts';
import type { Diagnostic } from '../resources/diagnostic.ts';
import type { Asset } from '../resources/source-tree.ts';
import { assetFailure } from './asset-failure.ts';
import type { CheckedFile, CheckedResource } from './checked-file.ts';
import type {
  CertificateEntry,
  FileSecret,
  GenericSecretEntry,
  TicketKeysEntry,
  TrustBundleEntry,
} from './file-secret.ts';
import { diagnosticAt } from './resource-group.ts';
import type { Schema } from './schema/registry.ts';
import { makeSecret, type SecretContent } from './secret-message.ts';

/** Secrets made of files, and what is wrong with the files. */
export interface CompiledFileSecrets {
  readonly resources: readonly CheckedResource[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What files are read from and the time they are judged at. */
export interface FileSecretContext {
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

/** `TlsSessionTicketKeys` (secret.proto): the length of a key. */
const TICKET_KEY_BYTES = 80;

/**
 * Makes a secret of every entry that names files. An entry with an error gives a secret too when its files could be read, so that
 * references to it are not reported besides.
 */
export function compileFileSecrets(
  files: readonly CheckedFile[],
  context: FileSecretContext,
): CompiledFileSecrets {
  const resources: CheckedResource[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const entry of files.flatMap(file => file.fileSecrets)) {
    const { issues, content = UNREADABLE } = compileEntry(entry, context);
    for (const issue of issues) diagnostics.push(diagnosticAt(entry.origin, undefined, issue));
    const resource = makeSecret(context.schema, entry.name, content, entry.origin);
    resources.push({ resource, facts: factsOf(content) });
  }
  return { resources, diagnostics };
}

function compileEntry(entry: FileSecret, context: FileSecretContext): CompiledContent {
  switch (entry.kind) {
    case 'certificate':
      return compileCertificate(entry, context);
    case 'trustBundle':
      return compileTrustBundle(entry, context);
    case 'ticketKeys':
      return compileTicketKeys(entry, context);
    case 'generic':
      return compileGeneric(entry, context);
  }
}

/** Stands for a secret whose files cannot be read; the error beside it keeps it from being served. */
const UNREADABLE: SecretContent = {
  kind: 'certificate',
  certificateChain: new Uint8Array(),
  privateKey: new Uint8Array(),
};

const SECRET_KINDS = {
  certificate: 'tlsCertificate',
  trustBundle: 'validationContext',
  ticketKeys: 'sessionTicketKeys',
  generic: 'genericSecret',
} as const;

function factsOf(content: SecretContent): CheckedResource['facts'] {
  // What it would be is not known, so nothing about its use is wrong.
  if (content === UNREADABLE) return { references: [], hasCustomValidator: true };
  const secretKind = SECRET_KINDS[content.kind];
  if (content.kind !== 'trustBundle') return { references: [], secretKind };
  return { references: [], secretKind, hasCustomValidator: content.spiffeBundles.length > 0 };
}

function compileCertificate(entry: CertificateEntry, context: FileSecretContext): CompiledContent {
  const chain = readAsset(entry.certificateChainPath, context);
  const key = readAsset(entry.privateKeyPath, context);
  if (chain.file === undefined || key.file === undefined) {
    return { issues: [...chain.issues, ...key.issues], content: undefined };
  }
  return {
    issues: checkCertificatePair({ certificateChain: chain.file, privateKey: key.file }, context.nowMs),
    content: { kind: 'certificate', certificateChain: chain.file.bytes, privateKey: key.file.bytes },
  };
}

function compileTrustBundle(entry: TrustBundleEntry, context: FileSecretContext): CompiledContent {
  const { trustedCaPath, crlPath, subjectAltNames } = entry;
  const issues: CertificateIssue[] = [];
  const read = (path: string): NamedPem | undefined => {
    const asset = readAsset(path, context);
    issues.push(...asset.issues);
    return asset.file;
  };
  const crl = crlPath === undefined ? undefined : read(crlPath);
  if (crlPath !== undefined && entry.spiffeBundles.length > 0) {
    const message = `trust bundle "${entry.name}" has a crl and SPIFFE trust domains; the list would not be used`;
    issues.push(certificateError('AP1518', message));
  }
  const spiffeBundles = entry.spiffeBundles.flatMap(({ trustDomain, trustedCaPath: path }) => {
    const trustedCa = read(path);
    if (trustedCa === undefined) return [];
    issues.push(...checkTrustBundle({ trustedCa, crl: undefined }, context.nowMs));
    return [{ trustDomain, trustedCa: trustedCa.bytes }];
  });
  if (spiffeBundles.length < entry.spiffeBundles.length) return { issues, content: undefined };
  if (spiffeBundles.length > 0) {
    return {
      issues,
      content: { kind: 'trustBundle', trustedCa: undefined, crl: undefined, spiffeBundles, subjectAltNames },
    };
  }
  const ca = trustedCaPath === undefined ? undefined : read(trustedCaPath);
  if (ca === undefined) return { issues, content: undefined };
  issues.push(...checkTrustBundle({ trustedCa: ca, crl }, context.nowMs));
  const content = {
    kind: 'trustBundle' as const,
    trustedCa: ca.bytes,
    crl: crl?.bytes,
    spiffeBundles,
    subjectAltNames,
  };
  return { issues, content };
}

function compileTicketKeys(entry: TicketKeysEntry, context: FileSecretContext): CompiledContent {
  const issues: CertificateIssue[] = [];
  const keys: Uint8Array[] = [];
  for (const path of entry.keyPaths) {
    const { file, issues: readIssues } = readAsset(path, context);
    issues.push(...readIssues);
    if (file === undefined) continue;
    keys.push(file.bytes);
    if (file.bytes.length === TICKET_KEY_BYTES) continue;
    const message = `${path} has ${file.bytes.length} bytes; a session ticket key has ${TICKET_KEY_BYTES}`;
    issues.push(certificateError('AP1520', message));
  }
  const isComplete = keys.length === entry.keyPaths.length;
  return { issues, content: isComplete ? { kind: 'ticketKeys', keys } : undefined };
}

function compileGeneric(entry: GenericSecretEntry, context: FileSecretContext): CompiledContent {
  const { file, issues } = readAsset(entry.path, context);
  if (file === undefined) return { issues, content: undefined };
  const secret = withoutLineBreak(file.bytes);
  const isEmpty = secret.length === 0;
  return {
    issues: isEmpty ? [certificateError('AP1521', `${entry.path} is empty`)] : [],
    content: { kind: 'generic', secret },
  };
}

/** Editors and `echo` end a file with one. */
function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}

function readAsset(
  path: string,
  context: FileSecretContext,
): { readonly file: NamedPem | undefined; readonly issues: readonly CertificateIssue[] } {
  const asset = context.assets.get(path);
  if (asset?.kind === 'read') return { file: { name: path, bytes: asset.bytes }, issues: [] };
  return { file: undefined, issues: [certificateError('AP1501', `${path} ${assetFailure(asset)}`)] };
}
