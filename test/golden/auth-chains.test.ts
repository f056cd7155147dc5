import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { formatDiagnostic } from '../../src/resources/diagnostic.ts';
import { shortNameOf } from '../../src/resources/type-url.ts';
import { ADDED_FILE, AUTH_CASES, compileAuthCase, withoutKeys } from '../support/auth-cases.ts';
import { diagnosticsOf } from '../support/compile.ts';
import { decodeResource } from '../support/decode-resource.ts';

/** `UPDATE_GOLDEN=1` writes what is expected anew; review the difference. */
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

function compiledText(path: string): string {
  const result = compileAuthCase(path);
  const diagnostics = diagnosticsOf(result).map(formatDiagnostic);
  if (!result.ok) throw new Error(diagnostics.join('\n'));
  const { auth, resources } = result.value;
  const types = [...resources].map(([typeUrl, set]) => {
    const byName = [...set.byName.values()]
      .filter(resource => resource.origin.file !== ADDED_FILE)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(resource => [resource.name, withoutKeys(decodeResource(resource))] as const);
    return [shortNameOf(typeUrl), Object.fromEntries(byName)] as const;
  });
  const slots = Object.fromEntries(auth?.slots ?? []);
  return `${JSON.stringify({ diagnostics, slots, resources: Object.fromEntries(types) }, undefined, 2)}\n`;
}

describe('golden auth chains', () => {
  for (const path of AUTH_CASES) {
    it(`compiles ${basename(path)} as before`, () => {
      const actual = compiledText(path);
      const expected = path.replace('.yaml', '.json');
      if (UPDATE) writeFileSync(expected, actual);
      expect(actual).to.equal(existsSync(expected) ? readFileSync(expected, 'utf8') : '');
    });
  }
});
