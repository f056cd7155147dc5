import { X509Certificate } from 'node:crypto';
import { messageOf } from '../platform/errors.ts';
import {
  certificateError,
  certificateWarning,
  type CertificateIssue,
  type NamedPem,
} from './certificate-issue.ts';
import { readPem, type PemBlock } from './pem.ts';

/** Certificates closer to their end than this are reported: 7 days. */
export const EXPIRY_WARNING_MS = 7 * 24 * 60 * 60 * 1000;

const CERTIFICATE_LABELS: ReadonlySet<string> = new Set([
  'CERTIFICATE',
  'X509 CERTIFICATE',
  'TRUSTED CERTIFICATE',
]);

/** The PEM blocks of a file, or issues: empty, cut off while it was written, or no PEM at all. */
export function readBlocks(pem: NamedPem): {
  readonly blocks: readonly PemBlock[];
  readonly issues: CertificateIssue[];
} {
  const file = readPem(pem.bytes);
  switch (file.kind) {
    case 'blocks':
      return { blocks: file.blocks, issues: [] };
    case 'empty':
      return { blocks: [], issues: [certificateError('AP1502', `${pem.name} is empty`)] };
    case 'no-blocks':
      return { blocks: [], issues: [certificateError('AP1503', `${pem.name} is not a PEM file`)] };
    case 'half-written': {
      const block = file.label === '' ? 'its first block' : `its ${file.label} block`;
      return {
        blocks: [],
        issues: [certificateError('AP1502', `${pem.name} is half-written: ${block} has no END line`)],
      };
    }
    case 'bad-base64':
      return {
        blocks: [],
        issues: [certificateError('AP1503', `${pem.name}: the ${file.label} block is not base64`)],
      };
  }
}

/** All certificates of a PEM file, in the order of the file, with what is wrong with the file. */
export function readCertificates(pem: NamedPem): {
  readonly certificates: readonly X509Certificate[];
  readonly issues: readonly CertificateIssue[];
} {
  const { blocks, issues } = readBlocks(pem);
  const certificates: X509Certificate[] = [];
  const certificateBlocks = blocks.filter(block => CERTIFICATE_LABELS.has(block.label));
  certificateBlocks.forEach((block, index) => {
    try {
      certificates.push(new X509Certificate(block.text));
    } catch (thrown) {
      const message = `${pem.name}: certificate ${index + 1} cannot be read: ${messageOf(thrown)}`;
      issues.push(certificateError('AP1503', message));
    }
  });
  if (certificateBlocks.length === 0 && issues.length === 0) {
    issues.push(certificateError('AP1503', `${pem.name} holds no certificate`));
  }
  return { certificates, issues };
}

/** The subject in one line; without one (usual for SPIFFE) the first other name, or the serial number. */
export function describeCertificate(certificate: X509Certificate): string {
  // The types promise a string; Node gives undefined for an empty subject.
  const subject = certificate.subject as string | undefined;
  if (subject !== undefined && subject !== '') return `"${subject.split('\n').join(', ')}"`;
  const [name] = (certificate.subjectAltName ?? '').split(', ');
  return name === undefined || name === '' ? `serial number ${certificate.serialNumber}` : `"${name}"`;
}

/** Compares the validity of a certificate with the time: AP1507 expired, AP1508 not yet valid, AP1509 expires soon. */
export function checkValidity(
  certificate: X509Certificate,
  name: string,
  nowMs: number,
): CertificateIssue | undefined {
  const fromMs = certificate.validFromDate.getTime();
  const toMs = certificate.validToDate.getTime();
  const subject = `${name}: certificate ${describeCertificate(certificate)}`;
  if (nowMs > toMs) return certificateError('AP1507', `${subject} expired on ${formatTime(toMs)}`);
  if (nowMs < fromMs)
    return certificateError('AP1508', `${subject} is not valid before ${formatTime(fromMs)}`);
  // Certificates of hours or days are renewed in time, or they would warn from the first moment.
  if (toMs - nowMs < Math.min(EXPIRY_WARNING_MS, (toMs - fromMs) / 4)) {
    return certificateWarning('AP1509', `${subject} expires on ${formatTime(toMs)}`);
  }
  return undefined;
}

/** RFC 3339 in UTC, to the second. */
export function formatTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
