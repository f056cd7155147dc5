import { expect } from 'chai';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../../scripts/paths.ts';
import { runCli } from '../support/cli.ts';
import { envoyBinary } from '../support/envoy-binary.ts';

describe('the examples in snapshots/', function () {
  this.timeout(60_000);

  it('allow and deny what policy-tests/ says, in a real Envoy', async () => {
    const cases = join(REPOSITORY, 'policy-tests');
    const { code, stdout, stderr } = await runCli([
      'test',
      join(REPOSITORY, 'snapshots'),
      ...['--cases', cases, '--envoy-binary', await envoyBinary(), '-o', 'json'],
    ]);
    expect(code, stdout + stderr).to.equal(0);
    const results = (JSON.parse(stdout) as { cases: { place: string; decision: string }[] }).cases;
    for (const file of await readdir(cases)) {
      const own = results.filter(({ place }) => place.startsWith(`${file}:`));
      expect(own.length, file).to.be.at.least(8);
      expect(new Set(own.map(({ decision }) => decision)), file).to.have.keys('allow', 'deny');
    }
  });
});
