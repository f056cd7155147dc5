import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  CertificateList,
  CRLNumber,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_cRLNumber,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  RevokedCertificate,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  TBSCertList,
  Time,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import type { CertificateRequest } from './certificate-request.ts';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const USAGES = { server: id_kp_serverAuth, client: id_kp_clientAuth } as const;

/** Who signs: an EC key with the name that its certificate carries. */
export interface Signer {
  readonly commonName: string;
  /** P-256. */
  readonly privateKey: KeyObject;
  readonly keyId: Uint8Array;
}

/** From when to when something is valid. Seconds count, fractions are cut off. */
export interface Period {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A certificate in DER, signed (RFC 5280, section 4), with its serial number. */
export function buildCertificate(
  request: CertificateRequest,
  publicKey: KeyObject,
  signer: Signer,
  period: Period,
): { readonly der: Buffer; readonly serialNumber: Buffer } {
  const serialNumber = randomSerial();
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: bytesOf(serialNumber),
    signature: algorithm,
    issuer: nameOf(signer.commonName),
    validity: new Validity(period),
    subject: nameOf(request.commonName ?? ''),
    subjectPublicKeyInfo: publicKeyInfo(publicKey),
    extensions: new Extensions(extensionsOf(request, publicKey, signer)),
  });
  const signatureValue = signatureOf(AsnConvert.serialize(tbsCertificate), signer);
  const certificate = new Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue });
  return { der: Buffer.from(AsnConvert.serialize(certificate)), serialNumber };
}

/** A revocation list in DER, signed (RFC 5280, section 5). `number` grows with every list of a signer. */
export function buildRevocationList(
  revoked: readonly { readonly serialNumber: string; readonly at: Date }[],
  number: number,
  signer: Signer,
  period: Period,
): Buffer {
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const tbsCertList = new TBSCertList({
    version: Version.v2,
    signature: algorithm,
    issuer: nameOf(signer.commonName),
    thisUpdate: new Time(period.notBefore),
    nextUpdate: new Time(period.notAfter),
    ...(revoked.length === 0 ? {} : { revokedCertificates: revoked.map(revokedEntry) }),
    crlExtensions: [
      extension(id_ce_authorityKeyIdentifier, false, authorityKeyId(signer)),
      extension(id_ce_cRLNumber, false, new CRLNumber(number)),
    ],
  });
  const signature = signatureOf(AsnConvert.serialize(tbsCertList), signer);
  const list = new CertificateList({ tbsCertList, signatureAlgorithm: algorithm, signature });
  return Buffer.from(AsnConvert.serialize(list));
}

/** RFC 5280, 4.2.1.2, method 1: SHA-1 of the bits of a public key. */
export function keyIdOf(key: KeyObject): Uint8Array {
  return createHash('sha1')
    .update(Buffer.from(publicKeyInfo(key).subjectPublicKey))
    .digest();
}

/** Text form of DER bytes (RFC 7468). */
export function pem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .replace(/(.{64})(?=.)/g, '$1\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function extensionsOf(request: CertificateRequest, publicKey: KeyObject, signer: Signer): Extension[] {
  const isAuthority = request.authority === true;
  const { pathLength, usages = ['server', 'client'] } = request;
  const constraints = new BasicConstraints({
    cA: isAuthority,
    ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
  });
  const flags = isAuthority
    ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign
    : KeyUsageFlags.digitalSignature;
  const names = alternativeNames(request);
  // RFC 5280, 4.2.1.6: critical when it is the only name.
  const isOnlyName = request.commonName === undefined || request.commonName === '';
  return [
    extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(bytesOf(keyIdOf(publicKey)))),
    extension(id_ce_authorityKeyIdentifier, false, authorityKeyId(signer)),
    extension(id_ce_basicConstraints, true, constraints),
    extension(id_ce_keyUsage, true, new KeyUsage(flags)),
    ...(isAuthority
      ? []
      : [extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage(usages.map(usage => USAGES[usage])))]),
    ...(names.length === 0
      ? []
      : [extension(id_ce_subjectAltName, isOnlyName, new SubjectAlternativeName(names))]),
  ];
}

function alternativeNames(request: CertificateRequest): GeneralName[] {
  return [
    ...(request.dnsNames ?? []).map(dNSName => new GeneralName({ dNSName })),
    ...(request.uris ?? []).map(uri => new GeneralName({ uniformResourceIdentifier: uri })),
    ...(request.ipAddresses ?? []).map(iPAddress => new GeneralName({ iPAddress })),
  ];
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function authorityKeyId(signer: Signer): AuthorityKeyIdentifier {
  return new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(bytesOf(signer.keyId)) });
}

function revokedEntry({
  serialNumber,
  at,
}: {
  readonly serialNumber: string;
  readonly at: Date;
}): RevokedCertificate {
  return new RevokedCertificate({
    userCertificate: bytesOf(Buffer.from(serialNumber, 'hex')),
    revocationDate: new Time(at),
  });
}

/** An empty name for an empty common name, as SPIFFE certificates have it. */
function nameOf(commonName: string): Name {
  if (commonName === '') return new Name([]);
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
}

function signatureOf(signed: ArrayBuffer, signer: Signer): ArrayBuffer {
  const key = { key: signer.privateKey, dsaEncoding: 'der' as const };
  return bytesOf(sign('sha256', Buffer.from(signed), key));
}

/** 126 random bits, positive, and never with a leading zero. */
function randomSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

/** Its own memory: Node's small buffers share one. */
function bytesOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
