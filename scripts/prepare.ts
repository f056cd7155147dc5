/**
 * Makes src/gen from proto/: the TypeScript of the services, and the descriptor image that strict parsing loads; then the
 * keys of the example in snapshots/, so that it can be served and checked. npm runs it as `prepare`, after every install.
 * Does nothing when its inputs have not changed since the last time.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, REPOSITORY } from './paths.ts';

const root = REPOSITORY;
const target = join(root, 'src/gen');
const stamp = join(target, '.stamp');
const image = join(target, 'descriptors.binpb');
const buf = join(root, 'node_modules/.bin/buf');
const plugin = join(root, 'node_modules/.bin/protoc-gen-ts_proto');

/** Hash of all that the generated files depend on: protos, configuration, and the versions of both generators. */
function inputHash(): string {
  const hash = createHash('sha256');
  const protos = readdirSync(join(root, 'proto'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.proto'))
    .sort()
    .map(name => join('proto', name));
  const versions = ['node_modules/@bufbuild/buf/package.json', 'node_modules/ts-proto/package.json'];
  for (const name of ['buf.yaml', 'buf.gen.yaml', ...versions, ...protos]) {
    const bytes = readFileSync(join(root, name));
    hash.update(`${name}:${bytes.length}:`).update(bytes);
  }
  return hash.digest('hex');
}

function isCurrent(hash: string): boolean {
  return existsSync(image) && existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === hash;
}

/** Generates beside the old files and swaps when all is there, so that an interruption leaves the old ones. */
function generate(hash: string): void {
  const output = join(CACHE, `generate-${process.pid}`);
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  try {
    execFileSync(buf, ['generate', '--output', output], { cwd: root, stdio: 'inherit' });
    const generated = join(output, 'src/gen');
    const built = join(generated, 'descriptors.binpb');
    execFileSync(buf, ['build', '--exclude-source-info', '-o', built], { cwd: root, stdio: 'inherit' });
    writeFileSync(join(generated, '.stamp'), `${hash}\n`);
    if (existsSync(target)) renameSync(target, join(output, 'previous'));
    renameSync(generated, target);
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  if (!existsSync(buf) || !existsSync(plugin)) {
    const state = existsSync(image)
      ? 'src/gen is left as it is'
      : 'src/gen is missing, authplane cannot run from here';
    console.log(`prepare: development dependencies are not installed, nothing is generated; ${state}`);
    return;
  }
  const hash = inputHash();
  if (!isCurrent(hash)) {
    console.log('prepare: generating src/gen from proto/');
    const startedMs = performance.now();
    generate(hash);
    console.log(`prepare: done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  }
  // Loaded here, since an image may have this script without what is for development only.
  const { ensureDemoKeys } = await import('./demo-keys.ts');
  if (await ensureDemoKeys(join(root, 'snapshots'))) {
    console.log('prepare: made the keys of the example in snapshots/generated');
  }
}

await main();
