import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { readStateKey } from '../../src/store/read-state-key.ts';
import { CLEAR_TEXT, encryptedWith } from '../../src/store/state-cipher.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('the cipher of the state directory', () => {
  const key = randomBytes(32);
  const cipher = encryptedWith(key);
  const refuses = (run: () => unknown, reason: RegExp): void => {
    expect(run).to.throw(reason).with.property('code', 'STATE_CORRUPT');
  };

  it('gives back what it was given, and shows nothing of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 200 }), fc.string(), (bytes, name) => {
        const text = Buffer.from(bytes);
        const encrypted = cipher.encrypt(name, text);
        expect(encrypted.includes(text)).to.equal(false);
        expect(cipher.decrypt(name, encrypted)).to.deep.equal(text);
      }),
    );
  });

  it('refuses another key, another name, clear text, and every damaged byte', () => {
    const text = Buffer.from('canary');
    const encrypted = cipher.encrypt('a', text);
    refuses(() => encryptedWith(randomBytes(32)).decrypt('a', encrypted), /another key/);
    refuses(() => cipher.decrypt('b', encrypted), /another key|damaged/);
    refuses(() => cipher.decrypt('a', text), /not encrypted/);
    refuses(() => CLEAR_TEXT.decrypt('a', encrypted), /--state-key-file/);
    for (let index = 0; index < encrypted.length; index++) {
      const damaged = Buffer.from(encrypted);
      damaged.writeUInt8(damaged.readUInt8(index) ^ 1, index);
      refuses(() => cipher.decrypt('a', damaged), /refused/);
      refuses(() => cipher.decrypt('a', encrypted.subarray(0, index)), /refused/);
    }
  });

  it('names files by their content and its key, so that nobody can try guesses', () => {
    const bytes = Buffer.from('content');
    expect(cipher.nameOf(bytes)).to.match(/^[0-9a-f]{40}$/);
    expect(cipher.nameOf(bytes)).to.equal(encryptedWith(key).nameOf(bytes));
    expect(cipher.nameOf(bytes)).to.not.equal(CLEAR_TEXT.nameOf(bytes));
    expect(cipher.nameOf(bytes)).to.not.equal(encryptedWith(randomBytes(32)).nameOf(bytes));
  });

  it('takes its key from a file in three forms, and no other', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'key');
    for (const content of [
      key,
      key.toString('hex'),
      `${key.toString('hex')}\n`,
      `${key.toString('base64')}\n`,
    ]) {
      await writeFile(path, content);
      expect(Buffer.from(await readStateKey(path))).to.deep.equal(key);
    }
    for (const content of ['', 'canary-key', key.subarray(1), `${key.toString('hex')}0`]) {
      await writeFile(path, content);
      const thrown: unknown = await readStateKey(path).catch((error: unknown) => error);
      expect(thrown).to.have.property('code', 'STATE_DIR_UNUSABLE');
      expect(String(thrown)).to.not.contain('canary');
    }
  });
});
