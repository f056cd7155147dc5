import { expect } from 'chai';
import {
  compareDiagnostics,
  type Diagnostic,
  formatDiagnostic,
  formatPath,
  hintOf,
} from '../../src/resources/diagnostic.ts';
import { DIAGNOSTIC_CODES } from '../../src/resources/diagnostic-codes.ts';

const diagnostic: Diagnostic = {
  file: 'edge.yaml',
  line: 41,
  column: 11,
  severity: 'error',
  code: 'AP1101',
  message: 'unknown field "nmae"',
};

describe('diagnostics', () => {
  it('are printed as file:line:column severity message [code]', () => {
    expect(formatDiagnostic(diagnostic)).to.equal('edge.yaml:41:11 error unknown field "nmae" [AP1101]');
  });

  it('have a hint, their own or that of the code', () => {
    expect(hintOf(diagnostic)).to.equal(DIAGNOSTIC_CODES.AP1101.hint);
    expect(hintOf({ ...diagnostic, hint: 'do this' })).to.equal('do this');
  });

  it('are sorted by place', () => {
    const other = { ...diagnostic, line: 7 };
    const elsewhere = { ...diagnostic, file: 'a.yaml', line: 99 };
    expect([diagnostic, other, elsewhere].sort(compareDiagnostics)).to.deep.equal([
      elsewhere,
      other,
      diagnostic,
    ]);
  });

  it('quote keys of a path that are no plain names', () => {
    expect(formatPath(['clusters', 0, 'a b', 'name'])).to.equal('clusters[0]["a b"].name');
    expect(formatPath(['typed_config', '@type'])).to.equal('typed_config.@type');
  });

  it('have a title, a reason and a hint for every code', () => {
    for (const [code, entry] of Object.entries(DIAGNOSTIC_CODES)) {
      expect(code).to.match(/^AP[12]\d\d\d$/);
      for (const text of Object.values(entry)) expect(text, code).to.match(/\S{2}/);
    }
  });
});
