import type { JsonObject } from '@bufbuild/protobuf';
import { expect } from 'chai';
import { compile, linesOf } from '../support/compile.ts';
import { BASE_FILES } from '../support/differential/base-files.ts';
import type { BaseFile } from '../support/differential/base-parts.ts';
import { envoyVerdict, refusedByEnvoy } from '../support/differential/envoy-verdict.ts';
import { EXCEPTIONS } from '../support/differential/exceptions.ts';
import { describeMutation, mutate, mutationsOf } from '../support/differential/mutations.ts';

/** Mutated files that one Envoy gets at a time. */
const BATCH = 40;
/** With it, Envoy is also asked about every mutated file that authplane refuses. */
const PROVE = process.env['PROVE'] === '1';

interface Case {
  readonly name: string;
  readonly file: JsonObject;
  readonly isAccepted: boolean;
}

/** Every mutation, each in a file with names and ports of its own, with our verdict. */
function casesOf(name: string, base: BaseFile): readonly Case[] {
  return mutationsOf(base(0)).map((_, index) => {
    const file = base(index);
    const mutation = mutationsOf(file)[index];
    if (mutation === undefined) throw new Error('the mutations of a file depend on its index');
    const mutated = mutate(file, mutation);
    return {
      name: describeMutation(name, mutation),
      file: mutated,
      isAccepted: compile(JSON.stringify(mutated)).ok,
    };
  });
}

function isException(name: string, verdict: string): boolean {
  return EXCEPTIONS.some(exception => exception.path.test(name) && exception.verdict.test(verdict));
}

describe('the checks, compared with a real Envoy', function () {
  this.timeout(PROVE ? 300_000 : 60_000);
  let mutations = 0;

  for (const [name, base] of Object.entries(BASE_FILES)) {
    it(`accept the file "${name}", which Envoy accepts`, async () => {
      expect(linesOf(compile(JSON.stringify(base(0))))).to.deep.equal([]);
      expect(await envoyVerdict([base(0)])).to.equal(undefined);
    });

    it(`refuse every change of "${name}" that Envoy refuses`, async () => {
      const cases = casesOf(name, base);
      mutations += cases.length;
      const accepted = cases.filter(entry => entry.isAccepted);
      const missed: string[] = [];
      for (let at = 0; at < accepted.length; at += BATCH) {
        for (const { case: found, verdict } of await refusedByEnvoy(accepted.slice(at, at + BATCH))) {
          if (!isException(found.name, verdict)) missed.push(`${found.name}\n  ${verdict}`);
        }
      }
      expect(missed.join('\n')).to.equal('');
      if (!PROVE) return;
      let bothRefuse = 0;
      const refused = cases.filter(entry => !entry.isAccepted);
      for (const entry of refused) if ((await envoyVerdict([entry.file])) !== undefined) bothRefuse++;
      // What is refused beyond that, Envoy takes although it is broken: names that lead nowhere, and the traps.
      expect(bothRefuse).to.be.greaterThan(refused.length / 2);
    });
  }

  it('cover at least 200 changes', () => {
    expect(mutations).to.be.greaterThan(200);
  });
});
