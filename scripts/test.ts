// `npm test`: everything that must hold before a change is merged, real Envoy included. The last line is the result.
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Child } from './child-process.ts';
import { ensureDemoKeys } from './demo-keys.ts';
import { ensureEnvoy } from './envoy.ts';
import { runMocha, type MochaCounts } from './mocha-run.ts';
import { REPOSITORY } from './paths.ts';

const USAGE = `Usage: npm test [-- OPTIONS] [STEP ...]
  --prove    the long forms: more random runs, longer churn
Steps: all of them when none is named.`;

interface Step {
  readonly name: string;
  readonly run: () => Promise<MochaCounts>;
}

/** One command that passes or fails as a whole. */
function check(name: string, script: string, ...args: readonly string[]): Step {
  const run = async (): Promise<MochaCounts> => {
    const child = Child.start(process.execPath, [script, ...args], { cwd: REPOSITORY });
    const { code } = await child.exited;
    if (code === 0) return { passed: 1, failed: 0 };
    console.log([...child.stdout, ...child.stderr].map(line => `    ${line}`).join('\n'));
    console.log(`  FAILED ${name}`);
    return { passed: 0, failed: 1 };
  };
  return { name, run };
}

/** A program of an installed package. */
async function program(packageName: string, name: string): Promise<string> {
  const directory = join(REPOSITORY, 'node_modules', packageName);
  const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
    readonly bin: string | Readonly<Record<string, string>>;
  };
  const path = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[name];
  if (path === undefined) throw new Error(`${packageName} has no program ${name}`);
  return join(directory, path);
}

/** The test files that `wanted` picks, in one run of mocha. */
function tests(name: string, wanted: (path: string) => boolean, env: Readonly<Record<string, string>>): Step {
  const run = async (): Promise<MochaCounts> => {
    const files: string[] = [];
    for await (const path of glob('test/**/*.test.ts', { cwd: REPOSITORY }))
      if (wanted(path)) files.push(path);
    return files.length === 0 ? { passed: 0, failed: 0 } : runMocha(files.sort(), { env });
  };
  return { name, run };
}

async function stepsOf(prove: boolean): Promise<Step[]> {
  const env: Readonly<Record<string, string>> = prove ? { PROVE: '1' } : {};
  const inFolder = (path: string, folder: string): boolean => path.startsWith(`test/${folder}/`);
  const cache = ['--cache', '--cache-location', '.cache/eslint'];
  return [
    check('types', await program('typescript', 'tsc'), '--noEmit'),
    check('lint', await program('eslint', 'eslint'), ...cache, '.'),
    check('format', await program('prettier', 'prettier'), '--check', '--log-level', 'warn', '.'),
    check(
      'imports',
      await program('dependency-cruiser', 'depcruise'),
      '--config',
      '.dependency-cruiser.mjs',
      'src',
      'test',
    ),
    check('docs', join(REPOSITORY, 'scripts', 'docs.ts'), '--check'),
    tests('unit', path => !inFolder(path, 'feature') && !inFolder(path, 'e2e'), env),
    tests('feature', path => inFolder(path, 'feature'), env),
    tests('e2e', path => inFolder(path, 'e2e'), env),
  ];
}

/** @throws a TypeError for an unknown option or step. */
async function main(): Promise<MochaCounts> {
  const { values, positionals } = parseArgs({
    options: { prove: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const steps = await stepsOf(values.prove);
  const unknown = positionals.filter(name => !steps.some(step => step.name === name));
  if (unknown.length > 0) {
    throw new TypeError(
      `no step ${unknown.join(', ')}; there are ${steps.map(step => step.name).join(', ')}`,
    );
  }
  await ensureEnvoy();
  await ensureDemoKeys(join(REPOSITORY, 'snapshots'));
  let passed = 0;
  let failed = 0;
  for (const { name, run } of steps.filter(
    step => positionals.length === 0 || positionals.includes(step.name),
  )) {
    console.log(`== ${name}`);
    const startedMs = performance.now();
    const counts = await run();
    passed += counts.passed;
    failed += counts.failed;
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`== ${name}: ${counts.passed} passed, ${counts.failed} failed, ${seconds} s\n`);
  }
  return { passed, failed };
}

try {
  const { passed, failed } = await main();
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
  console.log(`${passed} passed, ${failed} failed`);
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  if (thrown instanceof TypeError) console.error(USAGE);
  process.exitCode = thrown instanceof TypeError ? 64 : 1;
  if (process.exitCode === 1) console.log('0 passed, 1 failed');
}
