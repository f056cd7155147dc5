import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { writeFileAtomic } from '../platform/atomic-file.ts';
import { acquireDirectoryLock } from '../platform/directory-lock.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { isMissing, readIfThere } from '../platform/read-if-there.ts';
import type { AuthorityState } from './authority-state.ts';

/** Names of the files of a CA, beside the keys. */
export const AUTHORITY_FILES = {
  state: 'authority.json',
  /** Certificates of the CAs that are trusted now. */
  trust: 'trust.pem',
  /** Revocation lists of these CAs. */
  lists: 'revoked.crl',
} as const;

/** Readable for whom the file is no secret. */
const PUBLIC_MODE = 0o644;
const SECRET_MODE = 0o600;
const LOCK_RETRY_MS = 50;
const LOCK_TIMEOUT_MS = 10_000;

export type AuthorityKeyKind = 'root' | 'issuing';

/** The files of a CA. Keys are 0600, with a passphrase encrypted (PKCS #8, PBES2 with AES-256). */
export class AuthorityDirectory {
  /** Absolute. */
  readonly path: string;
  readonly #passphrase: Buffer | undefined;

  constructor(path: string, passphrase?: Buffer) {
    this.path = resolve(path);
    this.#passphrase = passphrase;
  }

  /**
   * Runs alone among all processes that use this CA; waits up to 10 seconds for the others.
   * @throws AuthplaneError CA_UNUSABLE; what `run` throws.
   */
  async locked<T>(run: () => Promise<T>): Promise<T> {
    const lock = await this.#guard(() => this.#lock());
    try {
      return await run();
    } finally {
      await lock.release();
    }
  }

  /** Undefined when there is no CA. @throws AuthplaneError CA_UNUSABLE. */
  async readState(): Promise<AuthorityState | undefined> {
    return this.#guard(async () => {
      const text = await readIfThere(join(this.path, AUTHORITY_FILES.state));
      if (text === undefined) return undefined;
      const state = JSON.parse(text.toString()) as AuthorityState;
      if ((state.format as number) !== 1) {
        throw new AuthplaneError('CA_UNUSABLE', `${this.path} was written by another version of authplane`);
      }
      return state;
    });
  }

  async writeState(state: AuthorityState): Promise<void> {
    await this.#write(AUTHORITY_FILES.state, `${JSON.stringify(state, null, 2)}\n`, SECRET_MODE);
  }

  async writePublic(name: 'trust' | 'lists', text: string): Promise<void> {
    await this.#write(AUTHORITY_FILES[name], text, PUBLIC_MODE);
  }

  async writeKey(kind: AuthorityKeyKind, id: number, key: KeyObject): Promise<void> {
    const encryption =
      this.#passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase: this.#passphrase };
    const text = key.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString();
    await this.#write(keyName(kind, id), text, SECRET_MODE);
  }

  /** @throws AuthplaneError CA_UNUSABLE that names the file and never its content. */
  async readKey(kind: AuthorityKeyKind, id: number): Promise<KeyObject> {
    const path = join(this.path, keyName(kind, id));
    const text = await this.#guard(() => readFile(path, 'utf8'));
    const isEncrypted = text.includes('ENCRYPTED');
    if (isEncrypted && this.#passphrase === undefined) {
      throw new AuthplaneError('CA_UNUSABLE', `${path} is encrypted; give --passphrase-file`);
    }
    try {
      return createPrivateKey({ key: text, ...(isEncrypted ? { passphrase: this.#passphrase ?? '' } : {}) });
    } catch {
      // OpenSSL's text stands close to the key.
      const hint = isEncrypted ? 'the passphrase is wrong, or the file is damaged' : 'the file is damaged';
      throw new AuthplaneError('CA_UNUSABLE', `${path} cannot be read: ${hint}`);
    }
  }

  async removeKey(kind: AuthorityKeyKind, id: number): Promise<void> {
    await rm(join(this.path, keyName(kind, id)), { force: true });
  }

  /** Writes a certificate with its key: the key first, so that a reader of both never has the new chain with no key for it. */
  async writePair(
    certificatePath: string,
    chainPem: string,
    privateKeyPath: string,
    keyPem: string,
  ): Promise<void> {
    await this.#guard(async () => {
      await mkdir(dirname(privateKeyPath), { recursive: true, mode: 0o700 });
      await mkdir(dirname(certificatePath), { recursive: true, mode: 0o700 });
      await writeFileAtomic(privateKeyPath, Buffer.from(keyPem), await modeOf(privateKeyPath, SECRET_MODE));
      await writeFileAtomic(
        certificatePath,
        Buffer.from(chainPem),
        await modeOf(certificatePath, PUBLIC_MODE),
      );
    });
  }

  async #lock(): ReturnType<typeof acquireDirectoryLock> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    const { path } = this;
    const advice = 'try again when it is done';
    const deadline = performance.now() + LOCK_TIMEOUT_MS;
    for (;;) {
      try {
        return await acquireDirectoryLock({ path, code: 'CA_UNUSABLE', title: 'the CA', advice });
      } catch (thrown) {
        const isInUse = thrown instanceof AuthplaneError && thrown.code === 'CA_UNUSABLE';
        if (!isInUse || performance.now() > deadline) throw thrown;
        await new Promise(done => setTimeout(done, LOCK_RETRY_MS));
      }
    }
  }

  async #write(name: string, text: string, mode: number): Promise<void> {
    await this.#guard(() => writeFileAtomic(join(this.path, name), Buffer.from(text), mode));
  }

  async #guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (thrown) {
      if (thrown instanceof AuthplaneError) throw thrown;
      // The parser of JSON quotes what it read; the state has no secret.
      throw new AuthplaneError('CA_UNUSABLE', `cannot use the CA in ${this.path}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
  }
}

function keyName(kind: AuthorityKeyKind, id: number): string {
  return `${kind}-${id}.key`;
}

/** Somebody may have opened a key for the group of a proxy: a renewal keeps that. */
async function modeOf(path: string, byDefault: number): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (thrown) {
    if (isMissing(thrown)) return byDefault;
    throw thrown;
  }
}
