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
  readonly run: (print: (text: string) => void) => Promise<MochaCounts>;
}

/** Steps that do not disturb each other run two at a time; what starts real Envoys and measures has the machine for itself. */
interface Stage {
  readonly steps: readonly Step[];
  readonly width: 1 | 2;
}

/** One command that passes or fails as a whole. */
function check(name: string, script: string, ...args: readonly string[]): Step {
  const run: Step['run'] = async print => {
    const child = Child.start(process.execPath, [script, ...args], { cwd: REPOSITORY });
    const { code } = await child.exited;
    if (code === 0) return { passed: 1, failed: 0 };
    print([...child.stdout, ...child.stderr].map(line => `    ${line}`).join('\n'));
    print(`  FAILED ${name}`);
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

/** The test files that `wanted` picks, in one run of mocha. `part`: every second of them. */
function tests(
  name: string,
  wanted: (path: string) => boolean,
  env: Readonly<Record<string, string>>,
  part?: 0 | 1,
): Step {
  const run: Step['run'] = async print => {
    const files: string[] = [];
    for await (const path of glob('test/**/*.test.ts', { cwd: REPOSITORY }))
      if (wanted(path)) files.push(path);
    const chosen = files.sort().filter((_, index) => part === undefined || index % 2 === part);
    return chosen.length === 0 ? { passed: 0, failed: 0 } : runMocha(chosen, { env, print });
  };
  return { name, run };
}

async function stagesOf(prove: boolean): Promise<readonly Stage[]> {
  const env: Readonly<Record<string, string>> = prove ? { PROVE: '1' } : {};
  const inFolder = (path: string, folder: string): boolean => path.startsWith(`test/${folder}/`);
  const cache = ['--cache', '--cache-location', '.cache/eslint'];
  const isUnit = (path: string): boolean => !inFolder(path, 'feature') && !inFolder(path, 'e2e');
  const imports = ['--config', '.dependency-cruiser.mjs', 'src', 'test'];
  const quick = [
    tests('unit 1', isUnit, env, 0),
    tests('unit 2', isUnit, env, 1),
    check('types', await program('typescript', 'tsc'), '--noEmit'),
    check('lint', await program('eslint', 'eslint'), ...cache, '.'),
    check('format', await program('prettier', 'prettier'), '--check', '--log-level', 'warn', '.'),
    check('imports', await program('dependency-cruiser', 'depcruise'), ...imports),
    check('docs', join(REPOSITORY, 'scripts', 'docs.ts'), '--check'),
  ];
  return [
    // Long proofs measure, too.
    { steps: quick, width: prove ? 1 : 2 },
    { steps: [tests('feature', path => inFolder(path, 'feature'), env)], width: 1 },
    { steps: [tests('e2e', path => inFolder(path, 'e2e'), env)], width: 1 },
  ];
}

/** @throws a TypeError for an unknown option or step. */
async function main(): Promise<MochaCounts> {
  const { values, positionals } = parseArgs({
    options: { prove: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const stages = await stagesOf(values.prove);
  const names = stages.flatMap(({ steps }) => steps.map(({ name }) => name));
  const isNamed = (step: string, wanted: string): boolean => step === wanted || step.startsWith(`${wanted} `);
  const unknown = positionals.filter(wanted => !names.some(name => isNamed(name, wanted)));
  if (unknown.length > 0) {
    throw new TypeError(`no step ${unknown.join(', ')}; there are ${names.join(', ')}`);
  }
  await ensureEnvoy();
  await ensureDemoKeys(join(REPOSITORY, 'snapshots'));
  const total = { passed: 0, failed: 0 };
  for (const { steps, width } of stages) {
    const wanted = steps.filter(
      ({ name }) => positionals.length === 0 || positionals.some(chosen => isNamed(name, chosen)),
    );
    await runStage({ steps: wanted, width }, total);
  }
  return total;
}

/** Runs steps, `width` at a time. What one prints is kept together: beside another one it is printed at its end. */
async function runStage({ steps, width }: Stage, total: { passed: number; failed: number }): Promise<void> {
  const waiting = [...steps];
  const isAlone = width === 1 || steps.length === 1;
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const kept: string[] = [];
      const { name, run } = step;
      console.log(`== ${name}${isAlone ? '' : ' begins'}`);
      const startedMs = performance.now();
      const counts = await run(isAlone ? text => console.log(text) : text => kept.push(text));
      total.passed += counts.passed;
      total.failed += counts.failed;
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      if (kept.length > 0) console.log(kept.join('\n'));
      console.log(`== ${name}: ${counts.passed} passed, ${counts.failed} failed, ${seconds} s\n`);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
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
