import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { KEY_BYTES, keyBytes } from '../platform/key-bytes.ts';
import { isMissing } from '../platform/read-if-there.ts';
import { keyEncryptionKey, type KeyEncryptionKey } from '../tokens/keys/envelope.ts';

/** Where a key-encryption key may come from, the first that is there. */
export interface KekSources {
  readonly file: string | undefined;
  /** Of the process: `AUTHPLANE_KEK`, and `CREDENTIALS_DIRECTORY` of systemd. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The current key-encryption key and, while keys are still wrapped with it, the one before. @throws as `readKek`. */
export async function readKeks({
  previousFile,
  ...sources
}: KekSources & { readonly previousFile: string | undefined }): Promise<
  readonly [KeyEncryptionKey, ...KeyEncryptionKey[]]
> {
  const current = await readKek(sources);
  return previousFile === undefined ? [current] : [current, await fromFile(previousFile)];
}

/** The variable with the key itself. */
const VARIABLE = 'AUTHPLANE_KEK';
/** The systemd credential: LoadCredential=authplane-kek:/etc/authplane/kek or LoadCredentialEncrypted=. */
const CREDENTIAL = 'authplane-kek';
/** Nobody but the owner may write; others may not even read. A group may read: Kubernetes mounts secrets so. */
const FORBIDDEN_MODE = 0o037;

/**
 * The key that signing keys are wrapped with: of the file, else of the environment, else a systemd credential.
 * @throws AuthplaneError KEK_INVALID when there is none, or it is malformed or readable by everybody; never with anything of the key.
 */
export async function readKek({ file, environment }: KekSources): Promise<KeyEncryptionKey> {
  if (file !== undefined) return fromFile(file);
  const text = environment[VARIABLE];
  if (text !== undefined && text !== '') return parse(Buffer.from(text), VARIABLE);
  const directory = environment['CREDENTIALS_DIRECTORY'];
  if (directory !== undefined && directory !== '') {
    const path = join(directory, CREDENTIAL);
    const isThere = await stat(path).then(
      () => true,
      (thrown: unknown) => !isMissing(thrown),
    );
    if (isThere) return fromFile(path);
  }
  throw new AuthplaneError(
    'KEK_INVALID',
    `the signing keys need a key-encryption key: give --kek-file (openssl rand -hex ${KEY_BYTES}), the variable ${VARIABLE} or the systemd credential ${CREDENTIAL}`,
  );
}

async function fromFile(path: string): Promise<KeyEncryptionKey> {
  let bytes: Buffer;
  let mode: number;
  try {
    ({ mode } = await stat(path));
    bytes = await readFile(path);
  } catch (thrown) {
    throw new AuthplaneError('KEK_INVALID', `the key-encryption key cannot be read: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  if ((mode & FORBIDDEN_MODE) !== 0) {
    throw new AuthplaneError(
      'KEK_INVALID',
      `the key-encryption key ${path} is open to others: chmod 0400 ${path}`,
    );
  }
  return parse(bytes, path);
}

function parse(bytes: Uint8Array, source: string): KeyEncryptionKey {
  const key = keyBytes(bytes);
  if (key !== undefined) return keyEncryptionKey(key);
  const message = `${source} is no key-encryption key: it must be ${KEY_BYTES} bytes, also as hexadecimal digits or base64`;
  throw new AuthplaneError('KEK_INVALID', message);
}
