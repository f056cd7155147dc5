import type { DocumentPath } from '../../resources/diagnostic.ts';
import { messageNameOf } from '../../resources/type-url.ts';
import {
  booleanField,
  isPlainMessage,
  messageField,
  messagesField,
  numberField,
  oneofMember,
  oneofMessage,
  oneofString,
  stringField,
  stringsField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { SecretKind } from '../facts.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import { inlineBytes } from './message-fields.ts';
import { isCipherSuite, isCurve } from './tls-names.ts';

const TLS = 'envoy.extensions.transport_sockets.tls.v3';
const ON_DEMAND = 'envoy.extensions.transport_sockets.tls.cert_selectors.on_demand_secret.v3.Config';
const TICKET_KEY_BYTES = 80;
/** `TlsProtocol.TLSv1_3`. */
const TLS_1_3 = 4;
/** `SanType.URI`. */
const URI = 3;
const ACCEPT_UNTRUSTED = 1;

/** TLS contexts that Envoy refuses (AP1252), and those that it takes although they protect less than they look. */
export const tlsRules: MessageChecks = {
  [`${TLS}.DownstreamTlsContext`]: checkDownstream,
  [`${TLS}.UpstreamTlsContext`]: checkUpstream,
  [`${TLS}.TlsParameters`]: checkParameters,
  [`${TLS}.TlsCertificate`]: checkCertificate,
  [`${TLS}.TlsSessionTicketKeys`]: checkTicketKeys,
  [`${TLS}.CertificateValidationContext`]: checkValidationContext,
  [`${TLS}.CommonTlsContext`]: checkJointTrust,
  [`${TLS}.Secret`]: noteSecret,
  [ON_DEMAND]: (_node, context) => {
    context.facts.picksSecrets = true;
  },
};

function checkDownstream(node: WalkNode, context: CheckContext): void {
  const common = messageField(node.message, 'commonTlsContext');
  if (common === undefined || !hasCertificates(common)) {
    context.report(node, [], { code: 'AP1252', message: 'the server context has no certificate' });
  }
  if (common !== undefined) checkOnDemand(node, common, context);
  const validation = common === undefined ? undefined : oneofMember(common, 'validationContextType');
  if (validation !== undefined && !isEmptyValidation(validation.case, validation.value)) {
    context.facts.verifiesClients = true;
    return;
  }
  if (booleanField(node.message, 'requireClientCertificate') !== true) return;
  const message = 'client certificates are demanded, but nothing says which: every one is taken';
  context.report(node, ['require_client_certificate'], { code: 'AP1616', message });
}

function hasCertificates(common: PlainMessage): boolean {
  return (
    messagesField(common, 'tlsCertificates').length > 0 ||
    messagesField(common, 'tlsCertificateSdsSecretConfigs').length > 0 ||
    messageField(common, 'tlsCertificateProviderInstance') !== undefined ||
    messageField(common, 'tlsCertificateCertificateProvider') !== undefined ||
    messageField(common, 'tlsCertificateCertificateProviderInstance') !== undefined ||
    messageField(common, 'customTlsCertificateSelector') !== undefined
  );
}

function isEmptyValidation(kind: string, value: unknown): boolean {
  return (
    kind === 'validationContext' && isPlainMessage(value) && !verifiesChain(value) && !pinsCertificates(value)
  );
}

function verifiesChain(context: PlainMessage): boolean {
  return (
    messageField(context, 'trustedCa') !== undefined ||
    messageField(context, 'caCertificateProviderInstance') !== undefined ||
    messageField(context, 'systemRootCerts') !== undefined ||
    messageField(context, 'customValidatorConfig') !== undefined
  );
}

function pinsCertificates(context: PlainMessage): boolean {
  return (
    stringsField(context, 'verifyCertificateSpki').length > 0 ||
    stringsField(context, 'verifyCertificateHash').length > 0
  );
}

function checkOnDemand(node: WalkNode, common: PlainMessage, context: CheckContext): void {
  const selector = messageField(common, 'customTlsCertificateSelector');
  const config = selector === undefined ? undefined : messageField(selector, 'typedConfig');
  if (config === undefined || messageNameOf(stringField(config, 'typeUrl')) !== ON_DEMAND) return;
  const stateless = oneofMember(node.message, 'sessionTicketKeysType');
  const isStatelessOff = stateless?.case === 'disableStatelessSessionResumption' && stateless.value === true;
  if (isStatelessOff && booleanField(node.message, 'disableStatefulSessionResumption') === true) return;
  const message =
    'on-demand certificates need disable_stateless_session_resumption and disable_stateful_session_resumption';
  context.report(node, ['common_tls_context', 'custom_tls_certificate_selector'], {
    code: 'AP1252',
    message,
  });
}

function checkUpstream(node: WalkNode, context: CheckContext): void {
  const common = messageField(node.message, 'commonTlsContext');
  const validation = common === undefined ? undefined : oneofMember(common, 'validationContextType');
  if (validation === undefined || isEmptyValidation(validation.case, validation.value)) {
    const message = 'the certificate of the upstream is not verified';
    context.report(node, [], { code: 'AP1618', severity: 'warning', message });
  }
  if (common === undefined) return;
  const certificates =
    messagesField(common, 'tlsCertificates').length +
    messagesField(common, 'tlsCertificateSdsSecretConfigs').length;
  if (certificates <= 1) return;
  const message = 'a client context can have one certificate only';
  context.report(node, ['common_tls_context'], { code: 'AP1252', message });
}

function checkParameters(node: WalkNode, context: CheckContext): void {
  stringsField(node.message, 'cipherSuites').forEach((suite, index) => {
    if (isCipherSuite(suite)) return;
    const message = `unknown cipher suite "${suite}"`;
    context.report(node, ['cipher_suites', index], { code: 'AP1252', message });
  });
  const curves = stringsField(node.message, 'ecdhCurves');
  curves.forEach((curve, index) => {
    if (isCurve(curve) && curves.indexOf(curve) === index) return;
    const message = isCurve(curve) ? `curve "${curve}" stands twice` : `unknown curve "${curve}"`;
    context.report(node, ['ecdh_curves', index], { code: 'AP1252', message });
  });
  const minimum = numberField(node.message, 'tlsMinimumProtocolVersion') ?? 0;
  const maximum = numberField(node.message, 'tlsMaximumProtocolVersion') ?? 0;
  const isUpstream = node.parent?.parent?.typeName === `${TLS}.UpstreamTlsContext`;
  if (isUpstream && minimum === TLS_1_3 && maximum === 0) {
    const message = `an upstream context ends at TLS 1.2 unless it says otherwise, so a minimum of TLS 1.3 leaves nothing`;
    context.report(node, ['tls_minimum_protocol_version'], { code: 'AP1603', message });
  } else if (maximum !== 0 && minimum > maximum) {
    const message = 'the minimum TLS version is above the maximum';
    context.report(node, ['tls_minimum_protocol_version'], { code: 'AP1603', message });
  }
}

function checkCertificate(node: WalkNode, context: CheckContext): void {
  const chain = messageField(node.message, 'certificateChain');
  const key = messageField(node.message, 'privateKey');
  const hasKey = key !== undefined || messageField(node.message, 'privateKeyProvider') !== undefined;
  if (messageField(node.message, 'pkcs12') === undefined && (chain === undefined || !hasKey)) {
    const missing = chain === undefined ? 'certificate_chain' : 'private_key';
    context.report(node, [], { code: 'AP1252', message: `the certificate has no ${missing}` });
  }
  const certificateChain = inlineBytes(chain);
  if (certificateChain === undefined) return;
  // With a password the key is encrypted, which only Envoy can undo.
  const isEncrypted = messageField(node.message, 'password') !== undefined;
  const privateKey = isEncrypted ? undefined : inlineBytes(key);
  context.facts.certificates.push({ ...context.facts.place(node.path), certificateChain, privateKey });
}

function checkTicketKeys(node: WalkNode, context: CheckContext): void {
  messagesField(node.message, 'keys').forEach((key, index) => {
    const length = inlineBytes(key)?.length;
    if (length === undefined || length === TICKET_KEY_BYTES) return;
    const message = `a session ticket key must have ${TICKET_KEY_BYTES} bytes, not ${length}`;
    context.report(node, ['keys', index], { code: 'AP1252', message });
  });
}

function checkValidationContext(node: WalkNode, context: CheckContext): void {
  const { message } = node;
  const isDefault = node.field?.name === 'default_validation_context';
  const names = messagesField(message, 'matchTypedSubjectAltNames');
  if (names.length > 0 && !isDefault && !verifiesChain(message)) {
    const text = 'names are matched without a trusted_ca: anybody can issue a certificate with these names';
    context.report(node, ['match_typed_subject_alt_names'], { code: 'AP1252', message: text });
  }
  if (
    messageField(message, 'crl') !== undefined &&
    !isDefault &&
    messageField(message, 'trustedCa') === undefined
  ) {
    context.report(node, ['crl'], { code: 'AP1252', message: 'a revocation list needs a trusted_ca' });
  }
  if (
    messageField(message, 'crl') !== undefined &&
    messageField(message, 'customValidatorConfig') !== undefined
  ) {
    const text = 'the revocation list is not used together with custom_validator_config';
    context.report(node, ['crl'], { code: 'AP1518', message: text });
  }
  if (numberField(message, 'trustChainVerification') === ACCEPT_UNTRUSTED) {
    const text = 'ACCEPT_UNTRUSTED takes certificates that no CA signed';
    context.report(node, ['trust_chain_verification'], {
      code: 'AP1617',
      severity: 'warning',
      message: text,
    });
  }
  if (booleanField(message, 'allowExpiredCertificate') === true) {
    const text = 'expired certificates are taken';
    context.report(node, ['allow_expired_certificate'], {
      code: 'AP1617',
      severity: 'warning',
      message: text,
    });
  }
  noteTrustBundle(node, context);
}

function noteTrustBundle(node: WalkNode, context: CheckContext): void {
  const trustedCa = inlineBytes(messageField(node.message, 'trustedCa'));
  if (messageField(node.message, 'customValidatorConfig') !== undefined)
    context.facts.hasCustomValidator = true;
  if (trustedCa === undefined) return;
  const crl = inlineBytes(messageField(node.message, 'crl'));
  const isWholeChain = booleanField(node.message, 'onlyVerifyLeafCertCrl') !== true;
  context.facts.trustBundles.push({ ...context.facts.place(node.path), trustedCa, crl, isWholeChain });
}

function checkJointTrust(node: WalkNode, context: CheckContext): void {
  const inline = oneofMessage(node.message, 'validationContextType', 'validationContext');
  const combined = oneofMessage(node.message, 'validationContextType', 'combinedValidationContext');
  const validation =
    inline ?? (combined === undefined ? undefined : messageField(combined, 'defaultValidationContext'));
  if (validation === undefined || messageField(validation, 'customValidatorConfig') !== undefined) return;
  const domains = trustDomainsOf(validation);
  if (domains.length < 2) return;
  const field = inline === undefined ? 'combined_validation_context' : 'validation_context';
  const path: DocumentPath = inline === undefined ? [field, 'default_validation_context'] : [field];
  const secret =
    combined === undefined ? undefined : messageField(combined, 'validationContextSdsSecretConfig');
  if (secret === undefined) {
    const message = `each CA of trusted_ca can sign for all of ${domains.join(', ')}`;
    context.report(node, path, { code: 'AP1608', message });
  } else {
    const place = context.facts.place([...node.path, ...path]);
    context.facts.jointTrusts.push({
      ...place,
      secretName: stringField(secret, 'name'),
      trustDomains: domains,
    });
  }
}

/** The SPIFFE trust domains that exact and prefix matchers for URIs name. */
function trustDomainsOf(validation: PlainMessage): readonly string[] {
  const domains = messagesField(validation, 'matchTypedSubjectAltNames').flatMap(entry => {
    const matcher = messageField(entry, 'matcher');
    if (numberField(entry, 'sanType') !== URI || matcher === undefined) return [];
    const text =
      oneofString(matcher, 'matchPattern', 'exact') ?? oneofString(matcher, 'matchPattern', 'prefix');
    const domain = /^spiffe:\/\/([^/]+)/.exec(text ?? '')?.[1];
    return domain === undefined ? [] : [domain];
  });
  return [...new Set(domains)];
}

function noteSecret(node: WalkNode, context: CheckContext): void {
  if (node.parent !== undefined) return;
  const kind = oneofMember(node.message, 'type')?.case;
  if (kind === undefined) {
    context.report(node, [], { code: 'AP1252', message: 'the secret is empty' });
    return;
  }
  context.facts.secretKind = kind as SecretKind;
}
