import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from '../platform/read-if-there.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { writeFileAtomic } from '../platform/atomic-file.ts';

/** Where an operator says that a guarded load is meant. */
export interface ShrinkConfirmation {
  /** The tree hash that was confirmed last. */
  read(): Promise<string | undefined>;
  /** Forgets it once it was used: the same tree later needs a new confirmation. */
  clear(): Promise<void>;
}

const FILE_NAME = 'shrink-confirmed';

/**
 * Confirms the load with this tree hash; a running authplane with the same state directory takes it at its next poll.
 * @throws AuthplaneError USAGE when the hash is not one word; STATE_DIR_UNUSABLE when the file cannot be written.
 */
export async function confirmShrink(stateDir: string, treeHash: string): Promise<void> {
  if (!/^[\w:-]{1,128}$/.test(treeHash)) {
    throw new AuthplaneError('USAGE', 'the hash to confirm must be copied as it was printed');
  }
  try {
    // Not secret, and often written by an administrator for a server that runs as another user.
    await writeFileAtomic(join(stateDir, FILE_NAME), Buffer.from(`${treeHash}\n`), 0o644);
  } catch (thrown) {
    const message = `cannot write the confirmation to ${stateDir}: ${messageOf(thrown)}`;
    throw new AuthplaneError('STATE_DIR_UNUSABLE', message, { cause: thrown });
  }
}

/**
 * The confirmation file of a state directory.
 * Its methods throw AuthplaneError STATE_DIR_UNUSABLE when the file is there and cannot be read or removed.
 */
export function shrinkConfirmationIn(stateDir: string): ShrinkConfirmation {
  const path = join(stateDir, FILE_NAME);
  return {
    read: async () => {
      try {
        return (await readIfThere(path))?.toString('utf8').trim();
      } catch (thrown) {
        throw unusable(path, thrown);
      }
    },
    clear: async () => {
      try {
        await rm(path, { force: true });
      } catch (thrown) {
        throw unusable(path, thrown);
      }
    },
  };
}

function unusable(path: string, thrown: unknown): AuthplaneError {
  return new AuthplaneError('STATE_DIR_UNUSABLE', `cannot use ${path}: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}
