import { expect } from 'chai';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { parseYaml } from '../../../src/compiler/document/parse-yaml.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const { tree } = fc.letrec<{ tree: Json }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Json>(null, true, 'text', 'two words', 'a: b', 17),
    fc.array(tie('tree'), { maxLength: 4 }) as fc.Arbitrary<Json>,
    fc.dictionary(fc.stringMatching(/^[a-z][a-z_.\- ]{0,6}$/), tie('tree'), {
      maxKeys: 4,
    }) as fc.Arbitrary<Json>,
  ),
}));

function paths(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Array.isArray(value)
    ? value.flatMap((item, index) => paths(item, [...path, index]))
    : Object.entries(value).flatMap(([key, item]) => paths(item, [...path, key]));
  return [path, ...inner];
}

describe('positions of any document', () => {
  it('point at the key or the item, in block and in flow style', () => {
    const documents = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tree, { minKeys: 1, maxKeys: 4 });
    fc.assert(
      fc.property(documents, fc.integer({ min: -1, max: 3 }), (document, flowLevel) => {
        const text = dump(document, { flowLevel, noRefs: true });
        const result = parseYaml({ path: 'a.yaml', text });
        if (result.kind === 'failed') throw new Error(result.diagnostics[0]?.message);
        expect(result.json).to.deep.equal(document);
        const lines = text.split('\n');
        for (const path of paths(document).slice(1)) {
          const { line, column } = result.positionOf(path);
          const rest = lines[line - 1]?.slice(column - 1) ?? '';
          const last = path.at(-1);
          if (typeof last === 'string')
            expect(rest.replace(/^["']/, '')).to.match(new RegExp(`^${last.trim().slice(0, 1)}`));
          else expect(rest).to.not.equal('');
        }
      }),
    );
  });

  it('never throw for a path that is not there', () => {
    const part = fc.oneof(fc.string(), fc.integer());
    fc.assert(
      fc.property(tree, fc.array(part, { maxLength: 5 }), (value, path) => {
        const result = parseYaml({ path: 'a.yaml', text: dump({ root: value }) });
        if (result.kind === 'parsed') expect(result.positionOf(['root', ...path]).line).to.be.greaterThan(0);
      }),
    );
  });
});
