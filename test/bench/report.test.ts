import { expect } from 'chai';
import { formatSection, threeDigits, whole } from '../../bench/report.ts';

describe('formatSection', () => {
  it('prints numbers flush right and a figure that is missing as a dash', () => {
    const text = formatSection({
      name: 'load',
      title: 'Load',
      note: 'In a note.',
      columns: [
        { key: 'type', title: 'type' },
        { key: 'loadMs', title: 'load ms', format: whole },
      ],
      rows: [{ type: 'cds', loadMs: 1234.4 }, { type: 'eds' }],
    });
    expect(text).to.equal('Load\nIn a note.\n\ntype  load ms\ncds     1,234\neds         -\n');
  });

  it('rounds to about three digits', () => {
    expect([0.12345, 1.2345, 12.345, 123.45, 12_345].map(threeDigits)).to.deep.equal([
      '0.123',
      '1.23',
      '12.3',
      '123',
      '12,345',
    ]);
  });
});
