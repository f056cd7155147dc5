import { expect } from 'chai';
import fc from 'fast-check';
import { formatAddress, parseAddress, parseDuration, parseValue } from '../../src/config/parse-value.ts';
import { editDistance, suggestion } from '../../src/config/suggest.ts';

const size = { kind: 'size', name: 'size', section: 'Limits', doc: '' } as const;
const count = { kind: 'count', name: 'count', section: 'Limits', doc: '' } as const;

describe('parseValue', () => {
  it('reads durations with their unit and nothing else', () => {
    expect(parseDuration('250ms')).to.equal(250);
    expect(parseDuration('1.5s')).to.equal(1500);
    expect(parseDuration('0s')).to.equal(0);
    expect(parseDuration('24h')).to.equal(86_400_000);
    for (const text of ['', '5', '5 s', '-1s', '5d', '1e3ms', '25h', 's']) {
      expect(() => parseDuration(text), text).to.throw(/duration|at most/);
    }
  });

  it('reads addresses of IPv4, IPv6 and names', () => {
    expect(parseAddress('[::1]:0')).to.deep.equal({ host: '::1', port: 0 });
    expect(parseAddress('localhost:65535')).to.deep.equal({ host: 'localhost', port: 65_535 });
    for (const text of ['', ':80', '::1:80', 'a:b', 'a:65536', 'http://a:1', '[]:1']) {
      expect(() => parseAddress(text), text).to.throw(/HOST:PORT/);
    }
  });

  it('formats an address so that it is read back', () => {
    const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('edge.example'));
    fc.assert(
      fc.property(hosts, fc.integer({ min: 0, max: 65_535 }), (host, port) => {
        expect(parseAddress(formatAddress({ host, port }))).to.deep.equal({ host, port });
      }),
    );
  });

  it('reads sizes and counts', () => {
    expect(parseValue(size, '4MiB')).to.equal(4_194_304);
    expect(parseValue(size, '1024')).to.equal(1024);
    expect(parseValue(count, '7')).to.equal(7);
    for (const text of ['0', '', '4MB', '-1', '1.5KiB'])
      expect(() => parseValue(size, text), text).to.throw(/size/);
    for (const text of ['0', '', '1.5', 'many'])
      expect(() => parseValue(count, text), text).to.throw(/whole number/);
  });
});

describe('suggestion', () => {
  it('names the nearest candidate and stays silent when none is near', () => {
    expect(suggestion('snapshot', ['snapshots', 'state-dir'])).to.equal(' (did you mean "snapshots"?)');
    expect(suggestion('xyzzy', ['snapshots', 'state-dir'])).to.equal('');
  });

  it('measures a distance: zero for itself only, symmetric', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
        expect(editDistance(a, b)).to.equal(editDistance(b, a));
        expect(editDistance(a, b) === 0).to.equal(a === b);
      }),
    );
  });
});
