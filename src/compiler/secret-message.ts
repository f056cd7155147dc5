import { fromJson, toBinary, type JsonValue } from '@bufbuild/protobuf';
import { Buffer } from 'node:buffer';
import { AuthplaneError } from '../platform/errors.ts';
import { makeResource } from '../resources/frame.ts';
import type { Origin, Resource } from '../resources/resource.ts';
import { messageNameOf, SECRET, TYPE_URL_PREFIX } from '../resources/type-url.ts';
import type { Schema } from './schema/registry.ts';

const SPIFFE_VALIDATOR = 'envoy.tls.cert_validator.spiffe';
const SPIFFE_VALIDATOR_CONFIG = 'envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig';

/** The content of a secret made of files: envoy.extensions.transport_sockets.tls.v3.Secret. */
export type SecretContent =
  | { readonly kind: 'certificate'; readonly certificateChain: Uint8Array; readonly privateKey: Uint8Array }
  | {
      readonly kind: 'trustBundle';
      readonly trustedCa: Uint8Array;
      readonly crl: Uint8Array | undefined;
      /** With it the SPIFFE validator is used, which binds identities of this domain to these CAs. */
      readonly spiffeTrustDomain: string | undefined;
    };

/**
 * Encodes a secret, with the bytes inline.
 * @throws AuthplaneError INTERNAL when the schema has no Secret.
 */
export function makeSecret(schema: Schema, name: string, content: SecretContent, origin: Origin): Resource {
  const desc = schema.registry.getMessage(messageNameOf(SECRET));
  if (desc === undefined)
    throw new AuthplaneError('INTERNAL', 'the descriptor image lacks the Secret message');
  const message = fromJson(desc, { name, ...secretJson(content) }, { registry: schema.registry });
  return makeResource({ typeUrl: SECRET, name, body: toBinary(desc, message), origin });
}

function secretJson(content: SecretContent): Record<string, JsonValue> {
  if (content.kind === 'certificate') {
    const { certificateChain, privateKey } = content;
    return {
      tls_certificate: { certificate_chain: inline(certificateChain), private_key: inline(privateKey) },
    };
  }
  const { trustedCa, crl, spiffeTrustDomain } = content;
  if (spiffeTrustDomain !== undefined) {
    return { validation_context: { custom_validator_config: spiffeValidator(spiffeTrustDomain, trustedCa) } };
  }
  return {
    validation_context: { trusted_ca: inline(trustedCa), ...(crl === undefined ? {} : { crl: inline(crl) }) },
  };
}

/** SPIFFECertValidatorConfig: a certificate of the domain must come from the domain's own CAs. */
function spiffeValidator(trustDomain: string, trustedCa: Uint8Array): JsonValue {
  return {
    name: SPIFFE_VALIDATOR,
    typed_config: {
      '@type': TYPE_URL_PREFIX + SPIFFE_VALIDATOR_CONFIG,
      trust_domains: [{ name: trustDomain, trust_bundle: inline(trustedCa) }],
    },
  };
}

/** A DataSource. */
function inline(bytes: Uint8Array): JsonValue {
  return { inline_bytes: Buffer.from(bytes).toString('base64') };
}
