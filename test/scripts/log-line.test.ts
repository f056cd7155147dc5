import { expect } from 'chai';
import { formatLogLine } from '../../scripts/log-line.ts';

describe('formatLogLine', () => {
  const entry = {
    time: '2026-01-02T03:04:05.678Z',
    level: 'info',
    component: 'authplane',
    event: 'a.b',
    msg: 'done',
  };

  it('shows time, level, message and the other fields', () => {
    const line = formatLogLine(JSON.stringify({ ...entry, groups: 2, reason: 'because' }));
    expect(line).to.equal('03:04:05 info done groups=2 reason=because');
  });

  it('leaves out what the message of a problem in a file says', () => {
    const problem = {
      msg: 'edge.yaml:1:2 error wrong [AP1101]',
      error_code: 'AP1101',
      file: 'edge.yaml',
      line: 1,
    };
    const line = formatLogLine(JSON.stringify({ ...entry, ...problem, column: 2, hint: 'Mend it.' }));
    expect(line).to.equal('03:04:05 info edge.yaml:1:2 error wrong [AP1101] hint=Mend it.');
  });

  it('passes on what is not JSON and keeps back what is for debugging', () => {
    expect(formatLogLine('plain text')).to.equal('plain text');
    expect(formatLogLine(JSON.stringify({ ...entry, level: 'debug' }))).to.equal(undefined);
  });
});
