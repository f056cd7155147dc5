import { readFile } from 'node:fs/promises';
import type { Clock } from '../platform/clock.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { Authority } from './authority.ts';
import { AuthorityDirectory } from './authority-directory.ts';

/**
 * The CA of a directory, which need not be there yet.
 * @throws AuthplaneError CA_UNUSABLE when the passphrase file cannot be read or is empty.
 */
export async function openAuthority(
  directory: string,
  passphraseFile: string | undefined,
  clock: Clock,
): Promise<Authority> {
  const passphrase = passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile);
  return new Authority({ directory: new AuthorityDirectory(directory, passphrase), clock });
}

/** One line break at the end is not part of it. */
async function readPassphrase(path: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    throw new AuthplaneError('CA_UNUSABLE', `the passphrase file cannot be read: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  const end = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
  if (end === 0) throw new AuthplaneError('CA_UNUSABLE', `the passphrase file ${path} is empty`);
  return bytes.subarray(0, end);
}
