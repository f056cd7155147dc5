import { expect } from 'chai';
import type { JsonObject } from '@bufbuild/protobuf';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hintOf, formatDiagnostic, type Checked } from '../../src/resources/diagnostic.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { shortNameOf } from '../../src/resources/type-url.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { compile, diagnosticsOf } from '../support/compile.ts';
import { decodeResource } from '../support/decode-resource.ts';

/** `UPDATE_GOLDEN=1 npx mocha test/golden/golden.test.ts` writes what is expected anew; review the difference. */
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';
const ROOT = import.meta.dirname;

const authority = CertificateAuthority.create('golden CA');
const pair = authority.issue({ commonName: 'edge.test', dnsNames: ['edge.test'] });
const other = authority.issue({ commonName: 'other.test' });
const old = authority.issue({
  commonName: 'old.test',
  notBefore: new Date('2020-01-01T00:00:00Z'),
  notAfter: new Date('2021-01-01T00:00:00Z'),
});

const api = authority.issue({ uris: ['spiffe://mesh.test/api'] });
const web = authority.issue({ uris: ['spiffe://mesh.test/web'] });

/** What `../certs/` of every case holds: made for each run, so that no key is ever committed. */
const CERTIFICATES: Readonly<Record<string, string>> = {
  '/certs/edge.pem': pair.chainPem,
  '/certs/edge.key': pair.privateKeyPem,
  '/certs/other.key': other.privateKeyPem,
  '/certs/old.pem': old.chainPem,
  '/certs/old.key': old.privateKeyPem,
  '/certs/api.pem': api.chainPem,
  '/certs/api.key': api.privateKeyPem,
  '/certs/web.pem': web.chainPem,
  '/certs/web.key': web.privateKeyPem,
  '/certs/half.pem': pair.chainPem.slice(0, 200),
  '/certs/ca.pem': authority.certificatePem,
  '/certs/ca.crl': authority.revocationList(),
};

function compileCase(directory: string): Checked<Snapshot> {
  const files = readdirSync(directory).filter(name => name.endsWith('.yaml'));
  return compile(Object.fromEntries(files.map(name => [name, readFileSync(join(directory, name), 'utf8')])), {
    assets: CERTIFICATES,
  });
}

/** Type → name → version and content. Bytes of certificates are named instead of shown. */
function snapshotText(snapshot: Snapshot): string {
  const types = [...snapshot.resources].map(([typeUrl, set]) => {
    const resources = [...set.byName.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(resource => {
        const content = JSON.stringify(decodeResource(resource));
        const named = Object.entries(CERTIFICATES).reduce(
          (text, [path, pem]) => text.replaceAll(Buffer.from(pem).toString('base64'), `<bytes of ${path}>`),
          content,
        );
        const aliases = resource.aliases.length > 0 ? { aliases: resource.aliases } : {};
        const references = resource.references.map(reference => `${reference.kind} ${reference.name}`);
        const version = named === content ? resource.version : '<changes with the certificates>';
        const entry = { version, ...aliases, references, resource: JSON.parse(named) as JsonObject };
        return [resource.name, entry] as const;
      });
    return [shortNameOf(typeUrl), Object.fromEntries(resources)] as const;
  });
  const { nodeGroup, pinnedVersion } = snapshot;
  const sorted = Object.fromEntries(types.sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ nodeGroup, pinnedVersion, resources: sorted }, undefined, 2)}\n`;
}

function diagnosticsText(result: Checked<Snapshot>): string {
  const lines = diagnosticsOf(result).map(diagnostic => {
    const path = diagnostic.path === undefined ? '' : `  at ${diagnostic.path}\n`;
    return `${formatDiagnostic(diagnostic)}\n${path}  ${hintOf(diagnostic)}\n`;
  });
  return lines.join('');
}

function compareWith(path: string, actual: string): void {
  if (UPDATE) writeFileSync(path, actual);
  expect(actual).to.equal(existsSync(path) ? readFileSync(path, 'utf8') : '');
}

function directoriesIn(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name);
}

describe('golden snapshots', () => {
  for (const name of directoriesIn(ROOT).filter(entry => existsSync(join(ROOT, entry, 'in')))) {
    it(`compiles ${name} as before`, () => {
      const result = compileCase(join(ROOT, name, 'in'));
      if (!result.ok) throw new Error(diagnosticsText(result));
      compareWith(join(ROOT, name, 'out.json'), snapshotText(result.value));
    });
  }
});

describe('golden diagnostics', () => {
  for (const name of directoriesIn(join(ROOT, 'errors'))) {
    it(`reports the problems of ${name} as before`, () => {
      const result = compileCase(join(ROOT, 'errors', name));
      compareWith(join(ROOT, 'errors', name, 'expected.txt'), diagnosticsText(result));
    });
  }
});
