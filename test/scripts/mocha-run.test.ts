import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runMocha, type MochaCounts } from '../../scripts/mocha-run.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('runMocha', function () {
  this.timeout(30_000);

  async function run(text: string): Promise<MochaCounts & { readonly report: string }> {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'sample.test.ts');
    await writeFile(file, text);
    const report: string[] = [];
    const counts = await runMocha([file], { exitGraceMs: 300, print: line => void report.push(line) });
    return { ...counts, report: report.join('\n') };
  }

  it('counts what passed and what failed, of the files given only', async () => {
    const { passed, failed, report } = await run(`
      it('holds', () => undefined);
      it('holds too', () => undefined);
      it('breaks', () => { throw new Error('the reason'); });`);
    expect({ passed, failed }).to.deep.equal({ passed: 2, failed: 1 });
    expect(report).to.contain('the reason');
  });

  it('counts a test that is skipped as failed', async () => {
    expect(await run(`it.skip('waits', () => undefined);`)).to.include({ passed: 0, failed: 1 });
  });

  it('counts something left open as failed', async () => {
    const { passed, failed, report } = await run(
      `it('leaks', () => void setInterval(() => undefined, 1000));`,
    );
    expect({ passed, failed }).to.deep.equal({ passed: 1, failed: 1 });
    expect(report).to.contain('left something open');
  });

  it('counts a run that dies as failed, whatever passed before', async () => {
    const { passed, failed } = await run(`
      it('holds', () => undefined);
      it('dies', () => process.kill(process.pid, 'SIGKILL'));`);
    expect({ passed, failed }).to.deep.equal({ passed: 1, failed: 1 });
  });

  it('counts a file that cannot be loaded as failed', async () => {
    expect(await run(`import './absent.ts';`)).to.include({ passed: 0, failed: 1 });
  });
});
