import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { REPOSITORY } from '../../scripts/paths.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const PROGRAM = join(REPOSITORY, 'bench/run.ts');

describe('npm run bench', () => {
  it('prints all tables and writes their figures, small sizes at least', async function () {
    this.timeout(60_000);
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'figures.json');
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, '--quick', '--json', file]);
    for (const title of [
      'Protocol step',
      'Publish',
      'Encode',
      'Load, from cold',
      'Reload',
      'Memory',
      'Cost of an auth chain',
      'Token service',
    ]) {
      expect(stdout).to.match(new RegExp(`^${title}`, 'm'));
    }
    expect(stdout).not.to.contain('NaN');
    const { tables } = JSON.parse(await readFile(file, 'utf8')) as {
      tables: Record<string, Record<string, unknown>[]>;
    };
    expect(tables).to.have.all.keys(
      'step',
      'publish',
      'encode',
      'load',
      'reload',
      'memory',
      'auth',
      'tokens',
    );
    for (const rows of Object.values(tables)) expect(rows).not.to.be.empty;
    expect(tables['tokens']).to.have.length(8);
    expect(tables['load']?.[0]).to.include.keys('parseMs', 'checkMs', 'compileMs', 'coldMs', 'reloadMs');
  });

  it('names its options when it is given an unknown one', async () => {
    const failure = await promisify(execFile)(process.execPath, [PROGRAM, '--fast']).catch(
      (thrown: unknown) => thrown,
    );
    expect(failure).to.include({ code: 64 });
    expect(failure).to.have.property('stderr').that.contains('--quick');
  });
});
