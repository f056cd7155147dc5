// One measurement of loading in a fresh process, for load.ts: `node bench/load-child.ts MODE OPTIONS`. Prints one line of JSON.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { checkFile } from '../src/compiler/check-file.ts';
import { hasErrors } from '../src/compiler/checked-file.ts';
import { compileGroup } from '../src/compiler/compile-group.ts';
import { parseYaml } from '../src/compiler/document/parse-yaml.ts';
import { loadSchema } from '../src/compiler/schema/registry.ts';
import { readDescriptorImage } from '../src/platform/descriptor-image.ts';
import type { SourceFile } from '../src/resources/source-tree.ts';
import { timeMs } from './measure.ts';
import { measureServing } from './load-serving.ts';
import type { Figures } from './report.ts';

/** What the child measures, as the only argument, in JSON. */
export type LoadTask = {
  /** Where the snapshot files are. */
  readonly snapshots: string;
} & (
  | { readonly mode: 'parse' | 'check' }
  | {
      readonly mode: 'serve';
      /** Empty, and outside of the snapshot directory. */
      readonly scratch: string;
      /** Of the snapshot files. */
      readonly clusters: number;
      readonly files: number;
      readonly reloads: number;
    }
);

async function readFiles(directory: string): Promise<readonly SourceFile[]> {
  const names = (await readdir(directory)).sort();
  return Promise.all(
    names.map(async path => {
      const text = await readFile(join(directory, path), 'utf8');
      return { path, text, hash: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

/** Reading the YAML alone, by code that is as little warmed up as in `check`. */
function measureParse(files: readonly SourceFile[]): Figures {
  let failed = 0;
  const parseMs = timeMs(() => {
    for (const file of files) if (parseYaml(file).kind === 'failed') failed++;
  });
  if (failed > 0) throw new Error(`${failed} files cannot be parsed`);
  return { parseMs };
}

/** All that is done for each file, and then for the group that they make. */
function measureCheck(files: readonly SourceFile[], snapshotDirectory: string): Figures {
  const startedMs = performance.now();
  const schema = loadSchema(readDescriptorImage());
  const schemaMs = performance.now() - startedMs;
  const checkStartedMs = performance.now();
  const checked = files.map(file => checkFile(file, { schema, snapshotDirectory }));
  const parseAndCheckMs = performance.now() - checkStartedMs;
  const compileStartedMs = performance.now();
  const compiled = compileGroup({ files: checked, assets: new Map(), nowMs: Date.now(), schema });
  const compileMs = performance.now() - compileStartedMs;
  if (!compiled.ok || checked.some(hasErrors)) throw new Error('the files have errors');
  return { schemaMs, parseAndCheckMs, compileMs };
}

async function run(task: LoadTask): Promise<Figures> {
  switch (task.mode) {
    case 'parse':
      return measureParse(await readFiles(task.snapshots));
    case 'check':
      return measureCheck(await readFiles(task.snapshots), task.snapshots);
    case 'serve':
      return measureServing(task);
  }
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as LoadTask)));
