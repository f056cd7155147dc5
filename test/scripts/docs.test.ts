import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../../scripts/paths.ts';

describe('docs', () => {
  it('made from tables are up to date (npm run docs makes them)', async () => {
    await promisify(execFile)(process.execPath, [join(REPOSITORY, 'scripts/docs.ts'), '--check']);
  });
});
