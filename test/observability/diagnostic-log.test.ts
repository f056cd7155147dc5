import { expect } from 'chai';
import { DiagnosticLog } from '../../src/observability/diagnostic-log.ts';
import { createLogger } from '../../src/platform/log.ts';
import type { Diagnostic } from '../../src/resources/diagnostic.ts';

function error(message: string, severity: Diagnostic['severity'] = 'error'): Diagnostic {
  return { file: 'a.yaml', line: 1, column: 2, severity, code: 'AP1101', message };
}

function recording(): { readonly log: DiagnosticLog; readonly entries: () => Record<string, unknown>[] } {
  const lines: string[] = [];
  const logger = createLogger('info', { write: line => void lines.push(line) });
  return {
    log: new DiagnosticLog(logger),
    entries: () => lines.splice(0).map(line => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('DiagnosticLog', () => {
  it('logs a diagnostic once as long as it lasts, and again when it comes back', () => {
    const { log, entries } = recording();
    log.update([error('one')]);
    expect(entries()).to.have.length(1);
    log.update([error('one'), error('two', 'warning')]);
    const [second, ...rest] = entries();
    expect(second).to.include({
      event: 'snapshot.warning',
      level: 'warn',
      error_code: 'AP1101',
      file: 'a.yaml',
      line: 1,
    });
    expect(rest).to.deep.equal([]);
    log.update([]);
    log.update([error('one')]);
    expect(entries().map(entry => entry['event'])).to.deep.equal(['snapshot.rejected']);
  });

  it('logs at most 100 at a time and says how many more there are', () => {
    const { log, entries } = recording();
    log.update(Array.from({ length: 130 }, (_, index) => error(`problem ${index}`)));
    const logged = entries();
    expect(logged).to.have.length(101);
    expect(logged.at(-1)).to.include({ event: 'snapshot.more_diagnostics', count: 30 });
  });
});
