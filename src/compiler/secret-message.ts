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
      /** Undefined with `spiffeBundles`. */
      readonly trustedCa: Uint8Array | undefined;
      readonly crl: Uint8Array | undefined;
      /** With any, the SPIFFE validator is used, which binds identities of a domain to the CAs of that domain. */
      readonly spiffeBundles: readonly { readonly trustDomain: string; readonly trustedCa: Uint8Array }[];
      readonly subjectAltNames: readonly JsonValue[];
    }
  | { readonly kind: 'ticketKeys'; readonly keys: readonly Uint8Array[] }
  | { readonly kind: 'generic'; readonly secret: Uint8Array };

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
  switch (content.kind) {
    case 'certificate': {
      const { certificateChain, privateKey } = content;
      return {
        tls_certificate: { certificate_chain: inline(certificateChain), private_key: inline(privateKey) },
      };
    }
    case 'trustBundle':
      return { validation_context: validationContext(content) };
    case 'ticketKeys':
      return { session_ticket_keys: { keys: content.keys.map(inline) } };
    case 'generic':
      return { generic_secret: { secret: inline(content.secret) } };
  }
}

function validationContext(content: Extract<SecretContent, { kind: 'trustBundle' }>): JsonValue {
  const { trustedCa, crl, spiffeBundles, subjectAltNames } = content;
  return {
    ...(spiffeBundles.length === 0 ? {} : { custom_validator_config: spiffeValidator(spiffeBundles) }),
    ...(trustedCa === undefined || spiffeBundles.length > 0 ? {} : { trusted_ca: inline(trustedCa) }),
    ...(crl === undefined || spiffeBundles.length > 0 ? {} : { crl: inline(crl) }),
    ...(subjectAltNames.length === 0 ? {} : { match_typed_subject_alt_names: [...subjectAltNames] }),
  };
}

/** SPIFFECertValidatorConfig: a certificate of a domain must come from the domain's own CAs. */
function spiffeValidator(
  bundles: readonly { readonly trustDomain: string; readonly trustedCa: Uint8Array }[],
): JsonValue {
  return {
    name: SPIFFE_VALIDATOR,
    typed_config: {
      '@type': TYPE_URL_PREFIX + SPIFFE_VALIDATOR_CONFIG,
      trust_domains: bundles.map(({ trustDomain, trustedCa }) => ({
        name: trustDomain,
        trust_bundle: inline(trustedCa),
      })),
    },
  };
}

/** A DataSource. */
function inline(bytes: Uint8Array): JsonValue {
  return { inline_bytes: Buffer.from(bytes).toString('base64') };
}
