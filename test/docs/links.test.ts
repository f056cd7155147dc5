import { expect } from 'chai';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { REPOSITORY } from '../../scripts/paths.ts';
import { checkFile } from '../../src/compiler/check-file.ts';
import { compileGroup } from '../../src/compiler/compile-group.ts';
import { formatDiagnostic } from '../../src/resources/diagnostic.ts';
import { asset, SNAPSHOT_DIRECTORY } from '../support/compile.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { testSchema } from '../support/schema.ts';

/** Every page of prose, relative to the repository. */
const PAGES = globSync('**/*.md', {
  cwd: REPOSITORY,
  exclude: name => /^(node_modules|\.cache|\.git|coverage|state)$|^src\/gen$/.test(name),
}).sort();

function read(page: string): string {
  return readFileSync(join(REPOSITORY, page), 'utf8');
}

/** The page without its fenced blocks: what stands in them are examples. */
function prose(page: string): string {
  return read(page).replace(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** Names of headings as they are written in links: lower case, dashes for spaces, punctuation dropped. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...prose(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(headings);
}

/** Links of a page that lead nowhere. */
function brokenLinks(page: string): readonly string[] {
  // What stands in code ticks is no link.
  const text = prose(page).replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^()\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(REPOSITORY, file))) return [target];
    return anchor === undefined || anchorsOf(file).has(anchor) ? [] : [target];
  });
}

/** Paths in code ticks that do not exist. `<…>`, `…` and `*` stand for something; src/gen is made by the install. */
function brokenPaths(page: string): readonly string[] {
  const ticked = [...prose(page).matchAll(/`((?:src|docs|scripts|test)\/[^`\s]*)/g)];
  return ticked.map(([, path = '']) => path).filter(path => !/[<…*]/.test(path) && !exists(path));
}

function exists(path: string): boolean {
  return existsSync(resolve(REPOSITORY, path));
}

const authority = CertificateAuthority.create('docs CA');
const pair = authority.issue({ commonName: 'edge.test' });

/** The files that the examples of docs/snapshots.md name. */
const ASSETS = new Map(
  Object.entries({
    '/certs/edge.pem': pair.chainPem,
    '/certs/edge.key': pair.privateKeyPem,
    '/certs/ca.pem': authority.certificatePem,
    '/certs/ca.crl': authority.revocationList(),
  }).map(([path, text]) => [path, asset(text)]),
);

describe('the pages', () => {
  it('are found', () => {
    expect(PAGES).to.include.members(['README.md', 'docs/snapshots.md', 'docs/adr/README.md']);
  });

  it('link to pages, files and headings that exist', () => {
    expect(PAGES.flatMap(page => brokenLinks(page).map(target => `${page}: ${target}`))).to.deep.equal([]);
  });

  it('name paths that exist', () => {
    expect(PAGES.flatMap(page => brokenPaths(page).map(path => `${page}: ${path}`))).to.deep.equal([]);
  });
});

describe('the examples of docs/snapshots.md', () => {
  const page = 'docs/snapshots.md';
  const blocks = [...read(page).matchAll(/^```yaml\n(# snapshot\n[\s\S]*?)^```$/gm)].map(
    ([, text = '']) => text,
  );

  it('are found', () => {
    expect(blocks.length).to.be.at.least(3);
  });

  for (const [index, text] of blocks.entries()) {
    it(`compile without errors: example ${index + 1}`, () => {
      const schema = testSchema();
      const file = { path: 'a.yaml', hash: `docs example ${index}`, text };
      const checked = checkFile(file, { schema, snapshotDirectory: SNAPSHOT_DIRECTORY });
      const group = compileGroup({ files: [checked], assets: ASSETS, nowMs: Date.now(), schema });
      expect(group.ok ? [] : group.diagnostics.map(formatDiagnostic)).to.deep.equal([]);
    });
  }
});
