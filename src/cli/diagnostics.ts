import { styleText } from 'node:util';
import { formatDiagnostic, hintOf, type Diagnostic } from '../resources/diagnostic.ts';
import type { CliIo } from './io.ts';

/** Prints diagnostics on stderr, each with its hint indented below; the same hint is not repeated in a row. */
export function printDiagnostics(io: CliIo, diagnostics: readonly Diagnostic[]): void {
  let lastHint = '';
  for (const diagnostic of diagnostics) {
    const line = formatDiagnostic(diagnostic);
    io.stderr(
      `${io.color ? styleText(diagnostic.severity === 'error' ? 'red' : 'yellow', line, { validateStream: false }) : line}\n`,
    );
    const hint = hintOf(diagnostic);
    if (hint !== lastHint) io.stderr(`    ${hint}\n`);
    lastHint = hint;
  }
}

/** `1 error`, `3 warnings`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A diagnostic as plain data for `-o json`. */
export function diagnosticJson(diagnostic: Diagnostic): Readonly<Record<string, unknown>> {
  const { file, line, column, severity, code, message, path } = diagnostic;
  return {
    file,
    line,
    column,
    severity,
    code,
    message,
    hint: hintOf(diagnostic),
    ...(path === undefined ? {} : { path }),
  };
}
