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
    this.timeout(120_000);
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
      'Fleet: a change for 10 streams',
      'Fleet: 10 streams connect at once',
      'Fleet: kill -9',
      'Fleet: some of 10 streams refuse',
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
      'fleetPush',
      'fleetWarmUp',
      'fleetKill',
      'fleetRefusals',
    );
    for (const rows of Object.values(tables)) expect(rows).not.to.be.empty;
    expect(tables['tokens']).to.have.length(8);
    expect(tables['fleetPush']?.map(({ changed }) => changed)).to.deep.equal(['cluster', 'endpoints']);
    expect(tables['fleetRefusals']?.map(({ perChange }) => perChange)).to.deep.equal([1]);
    // The one that changed, and its endpoints.
    const afterKill = tables['fleetKill']?.find(({ variant }) => variant === 'delta');
    expect(afterKill?.['resources']).to.equal(2);
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
