// `npm run bench`: measures the protocol, loading, encoding, memory, the cost of auth chains and the token service, and prints tables. docs/performance.md
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { packageVersion } from '../src/platform/package-version.ts';
import { measureAuthCost, type AuthScale } from './auth-cost.ts';
import { measureEncoding, type EncodeScale } from './encode.ts';
import { measureLoading, type LoadScale } from './load.ts';
import { measureSteps, type StepScale } from './protocol-step.ts';
import { measurePublishes, type PublishScale } from './publish.ts';
import { formatSection, type Section } from './report.ts';
import { measureTokens, type TokenScale } from './tokens.ts';

const USAGE = `Usage: npm run bench [-- OPTIONS]
  --quick       small sizes, a few seconds: shows that it runs, the figures mean nothing
  --json FILE   writes the figures, too`;

interface Scale {
  readonly step: StepScale;
  readonly publish: PublishScale;
  readonly encode: EncodeScale;
  readonly load: LoadScale;
  readonly auth: AuthScale;
  readonly tokens: TokenScale;
}

const FULL: Scale = {
  step: { clusters: [100, 1000, 10_000], publishes: 40, streams: 100 },
  publish: { clusters: 1000, streams: 1000, publishes: 10 },
  encode: { clusters: [100, 1000, 10_000], streams: 1000, timeMs: 500 },
  load: {
    sizes: [
      { clusters: 1000, files: 1 },
      { clusters: 1000, files: 100 },
      { clusters: 10_000, files: 1 },
      { clusters: 10_000, files: 100 },
    ],
    reloads: 5,
  },
  auth: { rounds: 7, durationMs: 3000, policies: 100 },
  tokens: { calls: 10_000, width: 32 },
};

const QUICK: Scale = {
  step: { clusters: [100, 1000], publishes: 4, streams: 10 },
  publish: { clusters: 100, streams: 20, publishes: 3 },
  encode: { clusters: [100], streams: 1000, timeMs: 10 },
  load: { sizes: [{ clusters: 100, files: 10 }], reloads: 1 },
  auth: { rounds: 1, durationMs: 200, policies: 10 },
  tokens: { calls: 200, width: 8 },
};

/** Prints each table when it is done. */
async function measure(scale: Scale): Promise<readonly Section[]> {
  const sections: Section[] = [];
  const add = (section: Section): void => {
    sections.push(section);
    console.log(formatSection(section));
  };
  add(measureSteps(scale.step));
  add(measurePublishes(scale.publish));
  add(await measureEncoding(scale.encode));
  for (const section of await measureLoading(scale.load)) add(section);
  add(await measureAuthCost(scale.auth));
  add(await measureTokens(scale.tokens));
  return sections;
}

/** @throws a TypeError for an unknown option. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
  });
  const startedMs = performance.now();
  const machine = {
    authplane: packageVersion(),
    node: process.version,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
  };
  console.log(
    `authplane ${machine.authplane}, Node ${machine.node}, ${machine.cores} cores (${machine.cpu}), ` +
      `${Math.round(machine.memoryBytes / 1024 ** 3)} GiB\n`,
  );
  const sections = await measure(values.quick ? QUICK : FULL);
  console.log(`done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  if (values.json !== undefined) {
    const tables = Object.fromEntries(sections.map(({ name, rows }) => [name, rows]));
    await writeFile(values.json, `${JSON.stringify({ machine, quick: values.quick, tables }, null, 2)}\n`);
  }
}

try {
  await main();
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  if (thrown instanceof TypeError) console.error(USAGE);
  process.exitCode = thrown instanceof TypeError ? 64 : 1;
}
