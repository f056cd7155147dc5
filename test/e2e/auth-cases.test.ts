import { expect } from 'chai';
import { basename } from 'node:path';
import { validateWithEnvoy } from '../../src/cli/envoy-validate.ts';
import { staticConfig } from '../../src/cli/static-config.ts';
import { AUTH_CASES, compileAuthCase } from '../support/auth-cases.ts';
import { linesOf } from '../support/compile.ts';
import { envoyBinary } from '../support/envoy-binary.ts';
import { testSchema } from '../support/schema.ts';

describe('a real Envoy', function () {
  this.timeout(30_000);

  for (const path of AUTH_CASES) {
    it(`accepts the chains of ${basename(path)}`, async () => {
      const result = compileAuthCase(path);
      if (!result.ok) throw new Error(linesOf(result).join('\n'));
      const verdict = await validateWithEnvoy(await envoyBinary(), staticConfig(testSchema(), result.value));
      expect(verdict).to.deep.equal({ kind: 'accepted' });
    });
  }
});
