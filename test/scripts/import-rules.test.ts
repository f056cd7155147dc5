import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../../scripts/paths.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** One planted import each, and the rule that must name it. */
const PLANTED: readonly { readonly rule: string; readonly files: Readonly<Record<string, string>> }[] = [
  {
    rule: 'no-cycles',
    files: {
      'src/resources/a.ts': "import { b } from './b.ts';\nexport const a = (): number => b();\n",
      'src/resources/b.ts': "import { a } from './a.ts';\nexport const b = (): number => a();\n",
    },
  },
  {
    rule: 'pure-folders-do-no-io',
    files: {
      'src/compiler/a.ts': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;\n",
    },
  },
  {
    rule: 'pure-folders-import-only-pure',
    files: {
      'src/compiler/a.ts': "import { b } from '../store/b.ts';\nexport const a = b;\n",
      'src/store/b.ts': 'export const b = 1;\n',
    },
  },
  {
    rule: 'protocol-knows-resources-only',
    files: {
      'src/protocol/a.ts': "import { b } from '../compiler/b.ts';\nexport const a = b;\n",
      'src/compiler/b.ts': 'export const b = 1;\n',
    },
  },
  {
    rule: 'resources-know-nothing',
    files: {
      'src/resources/a.ts': "import { b } from '../platform/errors.ts';\nexport const a = b;\n",
      'src/platform/errors.ts': 'export const b = 1;\n',
    },
  },
  {
    rule: 'loader-stays-apart-from-other-edges',
    files: {
      'src/loader/a.ts': "import { b } from '../transport/b.ts';\nexport const a = b;\n",
      'src/transport/b.ts': 'export const b = 1;\n',
    },
  },
  {
    rule: 'nobody-imports-the-top',
    files: {
      'src/admin/a.ts': "import { b } from '../app.ts';\nexport const a = b;\n",
      'src/app.ts': 'export const b = 1;\n',
    },
  },
  {
    rule: 'src-never-imports-test',
    files: {
      'src/admin/a.ts': "import { b } from '../../test/b.ts';\nexport const a = b;\n",
      'test/b.ts': 'export const b = 1;\n',
    },
  },
  {
    rule: 'one-watcher',
    files: { 'src/loader/a.ts': "import { watch } from 'chokidar';\nexport const a = watch;\n" },
  },
];

describe('import rules', function () {
  this.timeout(30_000);

  for (const { rule, files } of PLANTED) {
    it(`refuse what ${rule} forbids`, async () => {
      expect(await cruise(files)).to.contain(rule);
    });
  }

  it('let pass what follows them', async () => {
    const output = await cruise({
      'src/resources/a.ts': "import { createHash } from 'node:crypto';\nexport const a = createHash;\n",
      'src/compiler/b.ts': "import { a } from '../resources/a.ts';\nexport const b = a;\n",
    });
    expect(output).to.contain('no dependency violations found');
  });
});

/** The output of dependency-cruiser, with our rules, on these files alone. */
async function cruise(files: Readonly<Record<string, string>>): Promise<string> {
  await using directory = await temporaryDirectory();
  for (const name of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json']) {
    await copyFile(join(REPOSITORY, name), join(directory.path, name));
  }
  await symlink(join(REPOSITORY, 'node_modules'), join(directory.path, 'node_modules'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory.path, name)), { recursive: true });
    await writeFile(join(directory.path, name), text);
  }
  const program = join(REPOSITORY, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [program, '--config', '.dependency-cruiser.mjs', 'src'];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: directory.path });
    return stdout;
  } catch (thrown) {
    // The exit code is the number of violations; they are printed on stdout.
    return (thrown as { readonly stdout: string }).stdout;
  }
}
