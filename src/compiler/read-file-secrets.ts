import { toJson, type JsonValue, type Message } from '@bufbuild/protobuf';
import type { DocumentPath } from '../resources/diagnostic.ts';
import type { Grant } from '../resources/grant.ts';
import type { Origin } from '../resources/resource.ts';
import type { CertificateEntry, FileSecret, TrustBundleEntry } from './file-secret.ts';
import {
  messageField,
  messagesField,
  stringField,
  stringsField,
  type PlainMessage,
} from './schema/plain-message.ts';
import type { Schema } from './schema/registry.ts';
import type { Issue } from './schema/visitor.ts';

/** What reading one entry needs. */
export interface EntryContext {
  readonly schema: Schema;
  readonly report: (issue: Issue) => void;
  readonly originOf: (path: DocumentPath) => Origin;
  /** A path of the snapshot file, made absolute. */
  readonly resolve: (path: string) => string;
}

type ReadEntry = (message: PlainMessage, path: DocumentPath, context: EntryContext) => FileSecret | undefined;

/** The lists of a snapshot file that name files of secrets, with how an entry is read; undefined: it was reported. */
export const FILE_SECRET_LISTS: Readonly<Record<string, ReadEntry>> = {
  certificates: readCertificate,
  trust_bundles: readTrustBundle,
  session_ticket_keys: (message, path, context) => ({
    kind: 'ticketKeys',
    ...baseOf(message, path, context),
    keyPaths: stringsField(message, 'keys').map(context.resolve),
  }),
  generic_secrets: (message, path, context) => ({
    kind: 'generic',
    ...baseOf(message, path, context),
    path: context.resolve(stringField(message, 'file')),
  }),
};

/** Reads `grant`. AP1522 when it grants nothing to anybody; undefined when there is none. */
export function readGrant(
  message: PlainMessage,
  path: DocumentPath,
  context: EntryContext,
): Grant | undefined {
  const field = messageField(message, 'grant');
  if (field === undefined) return undefined;
  const grant = { spiffe: stringsField(field, 'spiffe'), groups: stringsField(field, 'groups') };
  if (grant.spiffe.length === 0 && grant.groups.length === 0) {
    const text = 'the grant names neither SPIFFE IDs nor groups, so nobody gets the secret';
    context.report({ code: 'AP1522', severity: 'error', message: text, path: [...path, 'grant'] });
  }
  return grant;
}

function readCertificate(
  message: PlainMessage,
  path: DocumentPath,
  context: EntryContext,
): CertificateEntry | undefined {
  const directory = stringField(message, 'directory');
  const chain = stringField(message, 'certificateChain');
  const key = stringField(message, 'privateKey');
  const hasPaths = chain !== '' && key !== '';
  if (directory === '' ? !hasPaths : chain !== '' || key !== '') {
    refuse(path, context, 'a certificate has certificate_chain and private_key, or directory');
    return undefined;
  }
  const inDirectory = (file: string): string => context.resolve(`${directory}/${file}`);
  return {
    kind: 'certificate',
    ...baseOf(message, path, context),
    certificateChainPath: directory === '' ? context.resolve(chain) : inDirectory('tls.crt'),
    privateKeyPath: directory === '' ? context.resolve(key) : inDirectory('tls.key'),
  };
}

function readTrustBundle(
  message: PlainMessage,
  path: DocumentPath,
  context: EntryContext,
): TrustBundleEntry | undefined {
  const directory = stringField(message, 'directory');
  const ca = stringField(message, 'trustedCa');
  const domain = stringField(message, 'spiffeTrustDomain');
  const bundles = messagesField(message, 'spiffeBundles').map(bundle => ({
    trustDomain: stringField(bundle, 'trustDomain'),
    trustedCaPath: context.resolve(stringField(bundle, 'trustedCa')),
  }));
  const sources = [directory !== '', ca !== '', bundles.length > 0].filter(Boolean).length;
  if (sources !== 1) {
    refuse(path, context, 'a trust bundle has exactly one of trusted_ca, directory and spiffe_bundles');
    return undefined;
  }
  if (domain !== '' && bundles.length > 0) {
    refuse(path, context, 'spiffe_trust_domain has no meaning beside spiffe_bundles');
    return undefined;
  }
  const trustedCaPath =
    bundles.length > 0 ? undefined : context.resolve(ca === '' ? `${directory}/ca.crt` : ca);
  const crl = stringField(message, 'crl');
  return {
    kind: 'trustBundle',
    ...baseOf(message, path, context),
    trustedCaPath,
    crlPath: crl === '' ? undefined : context.resolve(crl),
    spiffeBundles:
      domain === '' || trustedCaPath === undefined ? bundles : [{ trustDomain: domain, trustedCaPath }],
    subjectAltNames: messagesField(message, 'subjectAltNames').map(matcher =>
      jsonOf(context.schema, matcher),
    ),
  };
}

function baseOf(
  message: PlainMessage,
  path: DocumentPath,
  context: EntryContext,
): Pick<FileSecret, 'name' | 'origin' | 'grant'> {
  return {
    name: stringField(message, 'name'),
    origin: context.originOf(path),
    grant: readGrant(message, path, context),
  };
}

function refuse(path: DocumentPath, context: EntryContext, message: string): void {
  context.report({ code: 'AP1519', severity: 'error', message, path });
}

function jsonOf(schema: Schema, message: PlainMessage): JsonValue {
  const desc = schema.registry.getMessage(message.$typeName);
  if (desc === undefined) throw new TypeError(`the schema lacks ${message.$typeName}`);
  const options = { registry: schema.registry, useProtoFieldName: true };
  return toJson(desc, message as PlainMessage & Message, options);
}
