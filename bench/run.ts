// `npm run bench`: measures the protocol, loading, encoding, memory, the cost of auth chains, the token service and whole fleets, and prints tables. docs/performance.md
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
import { type FleetScale, measureFleet } from './fleet/fleet-sections.ts';
import { buildBaseline } from './fleet/servers.ts';
import { measureSoak, type SoakScale } from './fleet/soak-section.ts';
import { measureStorms, type StormScale } from './fleet/storm-sections.ts';

const USAGE = `Usage: npm run bench [-- OPTIONS]
  --quick       small sizes, a few seconds: shows that it runs, the figures mean nothing
  --only PART   one of: protocol, loading, auth, tokens, fleet, storms, soak; soak (ten minutes) is run only so
  --streams N   of soak; default 5000
  --json FILE   writes the figures, too`;

interface Scale {
  readonly step: StepScale;
  readonly publish: PublishScale;
  readonly encode: EncodeScale;
  readonly load: LoadScale;
  readonly auth: AuthScale;
  readonly tokens: TokenScale;
  readonly fleet: FleetScale;
  readonly storms: StormScale;
  readonly soak: SoakScale;
  /** Whether fleets are measured beside go-control-plane; needs Go. */
  readonly hasBaseline: boolean;
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
  fleet: {
    streams: 1000,
    pushes: 10,
    cases: [
      { variant: 'sotw', clusters: 1000, transport: 'plaintext' },
      { variant: 'sotw', clusters: 100, transport: 'plaintext' },
      { variant: 'delta', clusters: 1000, transport: 'plaintext' },
      { variant: 'delta', clusters: 100, transport: 'plaintext' },
      { variant: 'sotw', clusters: 1000, transport: 'mTLS' },
      { variant: 'delta', clusters: 1000, transport: 'mTLS' },
    ],
  },
  storms: {
    variants: ['sotw', 'delta'],
    streams: 1000,
    clusters: 1000,
    refusingShare: 0.1,
    changes: 3,
    watchMs: 2000,
  },
  soak: {
    streams: 5000,
    clusters: 100,
    durationMs: 600_000,
    reconnectsPerSecond: 50,
    changeEveryMs: 2000,
  },
  hasBaseline: true,
};

const QUICK: Scale = {
  step: { clusters: [100, 1000], publishes: 4, streams: 10 },
  publish: { clusters: 100, streams: 20, publishes: 3 },
  encode: { clusters: [100], streams: 1000, timeMs: 10 },
  load: { sizes: [{ clusters: 100, files: 10 }], reloads: 1 },
  auth: { rounds: 1, durationMs: 200, policies: 10 },
  tokens: { calls: 200, width: 8 },
  fleet: {
    streams: 10,
    pushes: 1,
    cases: [{ variant: 'delta', clusters: 20, transport: 'mTLS' }],
  },
  storms: {
    variants: ['delta'],
    streams: 10,
    clusters: 20,
    refusingShare: 0.1,
    changes: 1,
    watchMs: 200,
  },
  soak: { streams: 20, clusters: 20, durationMs: 100, reconnectsPerSecond: 20, changeEveryMs: 0 },
  hasBaseline: false,
};

type Part = 'protocol' | 'loading' | 'auth' | 'tokens' | 'fleet' | 'storms' | 'soak';

/** Tables of each part, in the order in which they are printed. */
const PARTS: Readonly<Record<Part, (scale: Scale) => AsyncGenerator<Section>>> = {
  protocol: async function* (scale) {
    yield measureSteps(scale.step);
    yield measurePublishes(scale.publish);
    yield await measureEncoding(scale.encode);
  },
  loading: async function* (scale) {
    yield* await measureLoading(scale.load);
  },
  auth: async function* (scale) {
    yield await measureAuthCost(scale.auth);
  },
  tokens: async function* (scale) {
    yield await measureTokens(scale.tokens);
  },
  fleet: async function* (scale) {
    yield* await measureFleet(scale.fleet, await baselineOf(scale));
  },
  storms: async function* (scale) {
    yield* await measureStorms(scale.storms, await baselineOf(scale));
  },
  soak: async function* (scale) {
    yield await measureSoak(scale.soak);
  },
};

/** Undefined: fleets are measured alone. */
async function baselineOf({ hasBaseline }: Scale): Promise<string | undefined> {
  return hasBaseline ? await buildBaseline() : undefined;
}

/** Prints each table when it is done. */
async function measure(scale: Scale, parts: readonly Part[]): Promise<readonly Section[]> {
  const sections: Section[] = [];
  for (const part of parts) {
    for await (const section of PARTS[part](scale)) {
      sections.push(section);
      console.log(formatSection(section));
    }
  }
  return sections;
}

function partsOf(only: string | undefined): readonly Part[] {
  const all = Object.keys(PARTS) as readonly Part[];
  // Ten minutes are not what somebody expects who did not ask for them.
  if (only === undefined) return all.filter(part => part !== 'soak');
  const part = all.find(name => name === only);
  if (part === undefined) throw new TypeError(`there is no part ${only}`);
  return [part];
}

/** @throws a TypeError for an unknown option. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string' },
      streams: { type: 'string' },
    },
  });
  const parts = partsOf(values.only);
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
  const scale = values.quick ? QUICK : FULL;
  const soak = {
    ...scale.soak,
    ...(values.streams === undefined ? {} : { streams: Number(values.streams) }),
  };
  const sections = await measure({ ...scale, soak }, parts);
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
