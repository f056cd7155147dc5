import { expect } from 'chai';
import fc from 'fast-check';
import { judgeCaveats, type MacaroonUse } from '../../../src/tokens/macaroon/judge-caveats.ts';

const USE: MacaroonUse = {
  nowMs: 1_000_000,
  audience: 'api',
  method: 'GET',
  path: '/api/v4/projects/7',
  address: '10.1.2.3',
  project: '7',
  thumbprint: 'A'.repeat(43),
};
const bytes = (text: string): Buffer => Buffer.from(text);

function verdictOf(caveats: readonly string[], use: MacaroonUse = USE): string {
  const verdict = judgeCaveats(caveats.map(bytes), use);
  return verdict.kind === 'allowed' ? 'allowed' : verdict.reason;
}

describe('judgeCaveats', () => {
  for (const [caveat, expected] of [
    ['exp 1001', 'allowed'],
    ['exp 1000', 'it has expired'],
    ['nbf 1000', 'allowed'],
    ['nbf 1001', 'it is not valid yet'],
    ['aud web,api', 'allowed'],
    ['aud web', 'it is for audience web'],
    ['method GET,HEAD', 'allowed'],
    ['method POST', 'it is for method POST'],
    ['path /', 'allowed'],
    ['path /api', 'allowed'],
    ['path /api/v4/projects/7', 'allowed'],
    ['path /api/v4/projects/70', 'it is for paths below /api/v4/projects/70'],
    ['path /api/v4/proj', 'it is for paths below /api/v4/proj'],
    ['path /api/', 'caveat path has a bad value'],
    ['path /api/../admin', 'caveat path has a bad value'],
    ['cidr 10.0.0.0/8', 'allowed'],
    ['cidr 192.168.0.0/16,10.1.2.3/32', 'allowed'],
    ['cidr 192.168.0.0/16,fd00::/8', 'it is for other addresses'],
    ['cidr 10.0.0.0/33', 'caveat cidr has a bad value'],
    ['cidr 10.0.0.0', 'caveat cidr has a bad value'],
    ['project 7,8', 'allowed'],
    ['project 8', 'it is for project 8'],
    [`cnf ${'A'.repeat(43)}`, 'allowed'],
    [`cnf ${'B'.repeat(43)}`, 'it is bound to another client certificate'],
    ['scope read_api', 'allowed'],
    ['uses 3', 'caveat uses is unknown'],
    ['constructor x', 'caveat constructor is unknown'],
    ['exp 1001 ', 'a caveat is not of the form KIND VALUE'],
    ['exp  1001', 'a caveat is not of the form KIND VALUE'],
    ['exp 0x10', 'caveat exp has a bad value'],
    ['exp -1', 'caveat exp has a bad value'],
    ['', 'a caveat is not of the form KIND VALUE'],
    ['x'.repeat(600), 'a caveat is too long'],
  ] as const) {
    it(`says of "${caveat.slice(0, 40)}": ${expected}`, () => {
      expect(verdictOf([caveat])).to.equal(expected);
    });
  }

  it('refuses a condition on what is not known', () => {
    for (const caveat of ['aud api', 'method GET', 'path /api', 'cidr 10.0.0.0/8', `cnf ${'A'.repeat(43)}`]) {
      expect(verdictOf([caveat], { nowMs: 1 }), caveat).to.not.equal('allowed');
    }
  });

  it('takes no path that could mean another one', () => {
    for (const path of [
      '/api/../admin',
      '/api/%2e%2e/admin',
      '/api//x',
      '/api/./x',
      '/api;x/y',
      '/api\\x',
      '/api/..',
    ]) {
      expect(verdictOf(['path /api'], { ...USE, path }), path).to.not.equal('allowed');
    }
  });

  it('leaves what all conditions allow', () => {
    const conditions = [
      'scope read_api,write_api',
      'exp 2000',
      'scope read_api',
      'exp 1500',
      'aud api,web',
      'project 7,8',
    ];
    const verdict = judgeCaveats(conditions.map(bytes), { ...USE, project: undefined as never });
    expect(verdict).to.deep.equal({
      kind: 'allowed',
      limits: {
        expiresMs: 1_500_000,
        scopes: new Set(['read_api']),
        audiences: new Set(['api', 'web']),
        projects: new Set(['7', '8']),
        thumbprint: undefined,
      },
    });
    expect(verdictOf(['scope a', 'scope b'])).to.equal('no scope is left');
  });

  it('can only narrow by one more caveat', () => {
    const values = fc.uniqueArray(fc.constantFrom('api', 'web', '7', '8', 'GET', 'POST'), {
      minLength: 1,
      maxLength: 3,
    });
    const caveat = fc.oneof(
      fc
        .tuple(fc.constantFrom('exp', 'nbf'), fc.integer({ min: 900, max: 1100 }).map(String))
        .map(pair => pair.join(' ')),
      fc
        .tuple(
          fc.constantFrom('aud', 'scope', 'method', 'project'),
          values.map(list => list.join(',')),
        )
        .map(pair => pair.join(' ')),
      fc.constantFrom(
        'path /',
        'path /api',
        'path /api/v4',
        'path /web',
        'cidr 10.0.0.0/8',
        'cidr 0.0.0.0/0',
        'cidr fd00::/8',
      ),
      fc.constantFrom(`cnf ${'A'.repeat(43)}`, `cnf ${'B'.repeat(43)}`),
      fc.string({ maxLength: 8 }),
    );
    const use = fc.record(
      {
        nowMs: fc.integer({ min: 900_000, max: 1_100_000 }),
        audience: fc.constantFrom('api', 'web'),
        method: fc.constantFrom('GET', 'POST'),
        path: fc.constantFrom('/', '/api', '/api/v4/x', '/web', '/api/../web'),
        address: fc.constantFrom('10.1.1.1', '::ffff:10.1.1.1', 'fd00::1', 'nonsense'),
        project: fc.constantFrom('7', '8'),
        thumbprint: fc.constantFrom('A'.repeat(43), 'B'.repeat(43)),
      },
      { requiredKeys: ['nowMs'] },
    );
    const isSubset = (
      part: ReadonlySet<string> | undefined,
      whole: ReadonlySet<string> | undefined,
    ): boolean => whole === undefined || (part !== undefined && [...part].every(value => whole.has(value)));
    fc.assert(
      fc.property(fc.array(caveat, { maxLength: 5 }), caveat, use, (list, added, usedFor) => {
        const before = judgeCaveats(list.map(bytes), usedFor);
        const after = judgeCaveats([...list, added].map(bytes), usedFor);
        if (after.kind === 'refused') return;
        expect(before.kind).to.equal('allowed');
        if (before.kind === 'refused') return;
        expect(after.limits.expiresMs ?? Infinity).to.be.at.most(before.limits.expiresMs ?? Infinity);
        for (const limit of ['scopes', 'audiences', 'projects'] as const) {
          expect(isSubset(after.limits[limit], before.limits[limit])).to.equal(true);
        }
        if (before.limits.thumbprint !== undefined) {
          expect(after.limits.thumbprint).to.equal(before.limits.thumbprint);
        }
      }),
      { numRuns: process.env['PROVE'] === '1' ? 100_000 : 2_000 },
    );
  });
});
