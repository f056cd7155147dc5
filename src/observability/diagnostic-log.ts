import type { Logger } from '../platform/log.ts';
import { formatDiagnostic, hintOf, type Diagnostic } from '../resources/diagnostic.ts';

/** Most diagnostics of one load that are logged; the API has more. */
const MAX_LOGGED = 100;

/** Logs each diagnostic once, as long as it lasts. */
export class DiagnosticLog {
  readonly #log: Logger;
  #logged: ReadonlySet<string> = new Set();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Takes all diagnostics as they are now; logs those that were not there before, at most 100 of them. */
  update(diagnostics: readonly Diagnostic[]): void {
    const current = new Map(diagnostics.map(diagnostic => [formatDiagnostic(diagnostic), diagnostic]));
    const fresh = [...current].filter(([text]) => !this.#logged.has(text));
    for (const [text, diagnostic] of fresh.slice(0, MAX_LOGGED)) this.#write(text, diagnostic);
    if (fresh.length > MAX_LOGGED) {
      this.#log.error(
        { event: 'snapshot.more_diagnostics', count: fresh.length - MAX_LOGGED },
        `${fresh.length - MAX_LOGGED} more diagnostics are not logged: authplane validate lists them all`,
      );
    }
    this.#logged = new Set(current.keys());
  }

  #write(text: string, diagnostic: Diagnostic): void {
    const { severity, code, file, line, column } = diagnostic;
    const fields = { error_code: code, file, line, column, hint: hintOf(diagnostic) };
    if (severity === 'error') this.#log.error({ event: 'snapshot.rejected', ...fields }, text);
    else this.#log.warn({ event: 'snapshot.warning', ...fields }, text);
  }
}
