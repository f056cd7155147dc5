import { DIAGNOSTIC_CODES, type DiagnosticCode } from './diagnostic-codes.ts';

/** Keys and list indexes from the root of a YAML document to a value. */
export type DocumentPath = readonly (string | number)[];

/** A value an operator wrote, found again: 1-based line and column. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A mistake in operators' files, as a value. Printed by `formatDiagnostic`. */
export interface Diagnostic extends Position {
  /** Relative to the snapshot directory, with forward slashes. */
  readonly file: string;
  readonly severity: Severity;
  readonly code: DiagnosticCode;
  /** What is wrong, with the names involved; never a secret value. */
  readonly message: string;
  /** What to do about it. Default: the hint of the code. */
  readonly hint?: string;
  /** Where in the document, e.g. `clusters[0].connect_timeout`. */
  readonly path?: string;
}

export type Severity = 'error' | 'warning';

/** A result that carries all problems, never the first only. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** `clusters[0].name`; keys that are not plain identifiers are quoted: `providers["a b"]`. */
export function formatPath(path: DocumentPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_@][\w@-]*$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** `file:line:column severity message [code]`, the form of every message about a file. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, code } = diagnostic;
  return `${file}:${line}:${column} ${severity} ${message} [${code}]`;
}

/** What to do about a diagnostic: its own hint or that of its code. */
export function hintOf(diagnostic: Diagnostic): string {
  return diagnostic.hint ?? DIAGNOSTIC_CODES[diagnostic.code].hint;
}

/** By file, line, column, then code: the order in which they are printed. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
    a.line - b.line ||
    a.column - b.column ||
    (a.code < b.code ? -1 : a.code > b.code ? 1 : 0)
  );
}
