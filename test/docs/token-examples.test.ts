import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { REPOSITORY } from '../../scripts/paths.ts';
import { formatDiagnostic } from '../../src/resources/diagnostic.ts';
import { checkTokenFile, readTokenFile } from '../../src/tokens/config/read-token-file.ts';
import { authListener, authRoute, authRoutes, loopbackCluster } from '../support/auth-snapshot.ts';
import { compile, diagnosticsOf } from '../support/compile.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { testSchema } from '../support/schema.ts';

const PAGE = readFileSync(join(REPOSITORY, 'docs', 'tokens.md'), 'utf8');
const [tokenFile = '', snapshotFile = ''] = [...PAGE.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(
  ([, text = '']) => text,
);

describe('the examples of docs/tokens.md', () => {
  it('have a file of the token service without errors', () => {
    const read = readTokenFile(testSchema(), { path: '/t/tokens.yaml', text: tokenFile });
    if (read.kind === 'failed') throw new Error(read.diagnostics.map(formatDiagnostic).join('\n'));
    const text = jwksOf([new TokenKey()]);
    const hash = createHash('sha256').update(text).digest('hex');
    const assets = new Map([['/t/runner.json', { kind: 'read', hash, bytes: Buffer.from(text) } as const]]);
    const checked = checkTokenFile(read.file, assets);
    expect(checked.ok ? [] : checked.diagnostics.map(formatDiagnostic)).to.deep.equal([]);
  });

  it('have a chain that compiles, for the issuer and the proxies of that file', () => {
    const chains = parse(snapshotFile) as Readonly<Record<string, unknown>>;
    const rest = {
      listeners: [authListener({ port: 1, chain: 'api' })],
      clusters: [loopbackCluster('up', 2), loopbackCluster('token-service', 3)],
      routes: [authRoutes([authRoute({ prefix: '/' }, 'up')])],
    };
    expect(
      diagnosticsOf(compile(JSON.stringify({ ...chains, ...rest }))).map(formatDiagnostic),
    ).to.deep.equal([]);
    const { issuer } = parse(tokenFile) as { readonly issuer: string };
    expect(snapshotFile).to.contain(`issuer: ${issuer}`);
  });
});
