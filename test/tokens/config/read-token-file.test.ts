import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { formatDiagnostic } from '../../../src/resources/diagnostic.ts';
import type { Asset } from '../../../src/resources/source-tree.ts';
import {
  checkTokenFile,
  readTokenFile,
  tokenAssetPaths,
} from '../../../src/tokens/config/read-token-file.ts';
import { jwksOf, TokenKey } from '../../support/jwt.ts';
import { testSchema } from '../../support/schema.ts';

const KEYS = jwksOf([new TokenKey()]);

function asset(text: string): Asset {
  return { kind: 'read', hash: createHash('sha256').update(text).digest('hex'), bytes: Buffer.from(text) };
}

/** Every problem of a file beside which stands `keys.json`. */
function problemsOf(text: string, keys: string = KEYS): readonly string[] {
  const read = readTokenFile(testSchema(), { path: '/t/tokens.yaml', text });
  if (read.kind === 'failed') return read.diagnostics.map(formatDiagnostic);
  const checked = checkTokenFile(read.file, new Map([['/t/keys.json', asset(keys)]]));
  return checked.ok ? [] : checked.diagnostics.map(formatDiagnostic);
}

const GOOD = `issuer: https://auth.example
audiences: [{name: api, scopes: [read]}]
clients:
- {id: edge, private_key_jwt: {jwks: keys.json}, audiences: [api], scopes: [read]}
trusted_issuers:
- {name: ci, issuer: "https://ci.example", audiences: [me], jwks: {file: keys.json}}
exchanges:
- {name: e, id_token: {issuer: ci}, clients: [edge], audiences: [api], scopes: [read]}
`;

describe('the file of the token service', () => {
  it('is read with its defaults', () => {
    const read = readTokenFile(testSchema(), { path: '/t/tokens.yaml', text: GOOD });
    if (read.kind === 'failed') throw new Error(JSON.stringify(read.diagnostics));
    expect(tokenAssetPaths(read.file)).to.deep.equal(['/t/keys.json', '/t/keys.json']);
    const checked = checkTokenFile(read.file, new Map([['/t/keys.json', asset(KEYS)]]));
    if (!checked.ok) throw new Error(JSON.stringify(checked.diagnostics));
    const { accessLifetimeMs, algorithm, rotateEveryMs, exchanges } = checked.value;
    expect({ accessLifetimeMs, algorithm, rotateEveryMs }).to.deep.equal({
      accessLifetimeMs: 300_000,
      algorithm: 'ES256',
      rotateEveryMs: 2_592_000_000,
    });
    expect(exchanges[0]?.subjectTemplate).to.equal('ci:{sub}');
  });

  for (const [title, from, to, expected] of [
    [
      'an unknown field',
      'scopes: [read]}]',
      'scope: [read]}]',
      /^\/t\/tokens.yaml:2:25 error .*scope.*\[AP1101\]$/,
    ],
    [
      'an unknown audience',
      'audiences: [api], scopes: [read]}\ntrusted',
      'audiences: [apo], scopes: [read]}\ntrusted',
      /:4:\d+ error unknown audience "apo", did you mean "api"\? \[AP2101\]$/,
    ],
    [
      'an unknown scope',
      'clients: [edge], audiences: [api], scopes: [read]',
      'clients: [edge], audiences: [api], scopes: [write]',
      /:8:\d+ error unknown scope "write" \[AP2101\]$/,
    ],
    [
      'an unknown client',
      'clients: [edge]',
      'clients: [edgy]',
      /unknown client "edgy", did you mean "edge"\? \[AP2101\]$/,
    ],
    ['an unknown issuer', 'issuer: ci}', 'issuer: cx}', /unknown trusted issuer "cx" \[AP2101\]$/],
    [
      'a name that is there twice',
      '- {id: edge,',
      '- {id: edge, tls_client_auth: {dns: a.b}}\n- {id: edge,',
      /:5:3 error "edge" is declared twice in clients \[AP2102\]$/,
    ],
    [
      'a missing file',
      'jwks: keys.json',
      'jwks: other.json',
      /:4:\d+ error other.json cannot be read \[AP2103\]$/,
    ],
    [
      'an issuer without TLS',
      'https://auth.example',
      'http://auth.example',
      /:1:1 error issuer http:\/\/auth.example is not https \[AP2104\]$/,
    ],
    ['an issuer with a path', 'https://auth.example', 'https://auth.example/x', /AP1201/],
    [
      'a copied registered claim',
      'scopes: [read]}\n$',
      'scopes: [read], copy_claims: [aud]}\n',
      /claim "aud" cannot be copied \[AP2105\]$/,
    ],
    [
      'a template that is none',
      'scopes: [read]}\n$',
      'scopes: [read], subject_template: "x{"}\n',
      /is no template for this subject \[AP2105\]$/,
    ],
    [
      'a lifetime that is too long',
      'audiences: [{',
      'access_tokens: {lifetime: 3600s}\naudiences: [{',
      /AP1201/,
    ],
    [
      'keys that are fetched without TLS',
      'jwks: {file: keys.json}',
      'jwks: {url: "http://ci.example/jwks"}',
      /AP1929/,
    ],
  ] as const) {
    it(`is refused for ${title}, with its line`, () => {
      const text = from.endsWith('$') ? GOOD.replace(/scopes: \[read\]\}\n$/, to) : GOOD.replace(from, to);
      expect(text).to.not.equal(GOOD);
      expect(problemsOf(text).join('\n')).to.match(expected);
    });
  }

  it('is refused with a private or symmetric key among public ones', () => {
    const symmetric = JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA', alg: 'HS256' }] });
    expect(problemsOf(GOOD, symmetric).join('\n')).to.match(/symmetric.*AP2103/);
    expect(problemsOf(GOOD, '{').join('\n')).to.match(/not JSON.*AP2103/);
  });

  it('is good as it is', () => {
    expect(problemsOf(GOOD)).to.deep.equal([]);
  });
});
