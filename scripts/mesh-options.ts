import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE, REPOSITORY } from './paths.ts';

export const USAGE = `Usage: npm run mesh [-- OPTIONS]
  --snapshots DIR         default: examples/mesh; a copy of it otherwise
  --work-dir DIR          last good snapshots, logs (default: .cache/mesh)`;

/** The command line of `npm run mesh`. */
export interface MeshOptions {
  readonly snapshots: string;
  readonly workDirectory: string;
}

/** @throws a TypeError for an unknown option. */
export function readOptions(): MeshOptions {
  const { values } = parseArgs({
    options: {
      snapshots: { type: 'string', default: join(REPOSITORY, 'examples', 'mesh') },
      'work-dir': { type: 'string', default: join(CACHE, 'mesh') },
    },
  });
  return { snapshots: resolve(values.snapshots), workDirectory: resolve(values['work-dir']) };
}
