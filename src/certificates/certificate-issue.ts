import type { Severity } from '../resources/diagnostic.ts';
import type { DiagnosticCode } from '../resources/diagnostic-codes.ts';

/** A problem of a certificate file, without its place. The message never holds key material. */
export interface CertificateIssue {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
}

/** PEM bytes with the name that messages use for them: a path, or where they stand in a resource. */
export interface NamedPem {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export function certificateError(code: DiagnosticCode, message: string): CertificateIssue {
  return { code, severity: 'error', message };
}

export function certificateWarning(code: DiagnosticCode, message: string): CertificateIssue {
  return { code, severity: 'warning', message };
}
