import type { JsonValue } from '@bufbuild/protobuf';
import type { Grant } from '../resources/grant.ts';
import type { Origin } from '../resources/resource.ts';

/** What every secret made of files has. */
interface FileSecretBase {
  readonly name: string;
  readonly origin: Origin;
  /** Undefined: for the proxies whose resources refer to it. */
  readonly grant: Grant | undefined;
}

/** An entry of `certificates`. Paths are absolute, here and below. */
export interface CertificateEntry extends FileSecretBase {
  readonly kind: 'certificate';
  readonly certificateChainPath: string;
  readonly privateKeyPath: string;
}

/** An entry of `trust_bundles`. */
export interface TrustBundleEntry extends FileSecretBase {
  readonly kind: 'trustBundle';
  /** Undefined with `spiffeBundles`. */
  readonly trustedCaPath: string | undefined;
  readonly crlPath: string | undefined;
  readonly spiffeBundles: readonly { readonly trustDomain: string; readonly trustedCaPath: string }[];
  /** SubjectAltNameMatcher as JSON. */
  readonly subjectAltNames: readonly JsonValue[];
}

/** An entry of `session_ticket_keys`. */
export interface TicketKeysEntry extends FileSecretBase {
  readonly kind: 'ticketKeys';
  /** The first one encrypts. */
  readonly keyPaths: readonly string[];
}

/** An entry of `generic_secrets`. */
export interface GenericSecretEntry extends FileSecretBase {
  readonly kind: 'generic';
  readonly path: string;
}

/** A secret whose content stands in files beside the snapshot. */
export type FileSecret = CertificateEntry | TrustBundleEntry | TicketKeysEntry | GenericSecretEntry;

/** The files that a secret is made of; absolute paths. */
export function pathsOf(secret: FileSecret): readonly string[] {
  switch (secret.kind) {
    case 'certificate':
      return [secret.certificateChainPath, secret.privateKeyPath];
    case 'trustBundle':
      return [
        secret.trustedCaPath,
        secret.crlPath,
        ...secret.spiffeBundles.map(({ trustedCaPath }) => trustedCaPath),
      ].filter(path => path !== undefined);
    case 'ticketKeys':
      return secret.keyPaths;
    case 'generic':
      return [secret.path];
  }
}
