import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../scripts/child-process.ts';
import { writeClusterFiles, type ClusterFiles } from './cluster-files.ts';
import type { LoadTask } from './load-child.ts';
import { mebibytes, whole, type Column, type Figures, type Section } from './report.ts';

/** How much of it. */
export interface LoadScale {
  readonly sizes: readonly ClusterFiles[];
  /** Reloads of each kind; the figure is their median. */
  readonly reloads: number;
}

const SIZE_COLUMNS: readonly Column[] = [
  { key: 'clusters', title: 'clusters', format: whole },
  { key: 'files', title: 'files', format: whole },
];

/** Loads snapshot files of each size, every measurement in a process of its own. */
export async function measureLoading(scale: LoadScale): Promise<readonly Section[]> {
  const rows: Figures[] = [];
  for (const size of scale.sizes) rows.push(await measureSize(size, scale.reloads));
  return [loadSection(rows), reloadSection(rows), memorySection(rows)];
}

function loadSection(rows: readonly Figures[]): Section {
  return {
    name: 'load',
    title: 'Load, from cold',
    note:
      'Milliseconds in a fresh process. Boot: Node, modules and the schema of the Envoy API. Check: strict decoding, rules,\n' +
      'encoding. Compile: the checks over all files of a group, and its snapshot. Total: from the start of the process until a\n' +
      'connected node has its snapshot; it includes the two scans, 75 ms apart, that must agree.',
    columns: [
      ...SIZE_COLUMNS,
      { key: 'bootMs', title: 'boot', format: whole },
      { key: 'parseMs', title: 'parse', format: whole },
      { key: 'checkMs', title: 'check', format: whole },
      { key: 'compileMs', title: 'compile', format: whole },
      { key: 'coldMs', title: 'total cold', format: whole },
    ],
    rows,
  };
}

function reloadSection(rows: readonly Figures[]): Section {
  return {
    name: 'reload',
    title: 'Reload: one file replaced, one cluster in it changed',
    note:
      'Milliseconds from the rename until a connected node has the new snapshot. Work: checking, compiling and applying. The rest\n' +
      'is debounce, confirmation (150 + 75 ms) and scans. Without waits: the same with debounce and confirmation at 0.',
    columns: [
      ...SIZE_COLUMNS,
      { key: 'reloadMs', title: 'reload', format: whole },
      { key: 'reloadWorkMs', title: 'of it work', format: whole },
      { key: 'reloadRestMs', title: 'of it waits, scans', format: whole },
      { key: 'reloadEagerMs', title: 'without waits', format: whole },
      { key: 'reloadEagerWorkMs', title: 'of it work', format: whole },
    ],
    rows,
  };
}

function memorySection(rows: readonly Figures[]): Section {
  return {
    name: 'memory',
    title: 'Memory of a loaded process',
    note:
      'MiB, one fresh process for each size. Empty: heap and buffers before the load, the schema included. Loaded: what the load\n' +
      'added, both after garbage collection. RSS: at the end of the load, uncollected, and the peak over all reloads.',
    columns: [
      ...SIZE_COLUMNS,
      { key: 'emptyHeapBytes', title: 'heap empty', format: mebibytes },
      { key: 'heapBytes', title: 'heap loaded', format: mebibytes },
      { key: 'heapBytesPerCluster', title: 'bytes / cluster', format: whole },
      { key: 'rssBytes', title: 'RSS', format: mebibytes },
      { key: 'peakRssBytes', title: 'peak RSS', format: mebibytes },
    ],
    rows,
  };
}

async function measureSize(size: ClusterFiles, reloads: number): Promise<Figures> {
  const directory = await mkdtemp(join(tmpdir(), 'authplane-bench-'));
  try {
    const snapshots = join(directory, 'snapshots');
    const scratch = join(directory, 'scratch');
    await mkdir(scratch);
    await writeClusterFiles(snapshots, size);
    const { parseMs = NaN } = await runChild({ mode: 'parse', snapshots });
    const { parseAndCheckMs = NaN, compileMs = NaN } = await runChild({ mode: 'check', snapshots });
    const served = await runChild({ mode: 'serve', snapshots, scratch, reloads, ...size });
    const { heapBytes = NaN, reloadMs = NaN, reloadWorkMs = NaN } = served;
    return {
      ...size,
      ...served,
      parseMs,
      checkMs: parseAndCheckMs - parseMs,
      compileMs,
      reloadRestMs: reloadMs - reloadWorkMs,
      heapBytesPerCluster: heapBytes / size.clusters,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @throws an Error with the output of the child when it fails. */
async function runChild(task: LoadTask): Promise<Readonly<Record<string, number>>> {
  const program = join(import.meta.dirname, 'load-child.ts');
  await using child = Child.start(process.execPath, [program, JSON.stringify(task)]);
  const { code } = await child.exited;
  const [figures] = child.stdout;
  if (code !== 0 || figures === undefined) throw new Error(`a measurement failed\n${child.tail()}`);
  return JSON.parse(figures) as Readonly<Record<string, number>>;
}
