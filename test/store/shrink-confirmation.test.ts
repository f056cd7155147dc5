import { expect } from 'chai';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { confirmShrink, shrinkConfirmationIn } from '../../src/store/shrink-confirmation.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('the confirmation of a guarded load', () => {
  it('is read as it was written, until it is used', async () => {
    await using temporary = await temporaryDirectory();
    const confirmation = shrinkConfirmationIn(temporary.path);
    expect(await confirmation.read()).to.equal(undefined);
    await confirmShrink(temporary.path, 'aaaa');
    await confirmShrink(temporary.path, 'bbbb');
    expect(await confirmation.read()).to.equal('bbbb');
    expect(await readdir(temporary.path)).to.deep.equal(['shrink-confirmed']);
    await confirmation.clear();
    await confirmation.clear();
    expect(await confirmation.read()).to.equal(undefined);
  });

  it('is refused for what is not a hash', async () => {
    await using temporary = await temporaryDirectory();
    for (const text of ['', 'a b', '../x', 'x\n', 'a'.repeat(129)]) {
      const problem = await confirmShrink(temporary.path, text).catch((thrown: unknown) => thrown);
      expect(problem).to.have.property('code', 'USAGE');
    }
  });

  it('says when it cannot be written, read or removed', async () => {
    await using temporary = await temporaryDirectory();
    const code = 'STATE_DIR_UNUSABLE';
    const missing = await confirmShrink(join(temporary.path, 'missing'), 'aaaa').catch(
      (thrown: unknown) => thrown,
    );
    expect(missing).to.have.property('code', code);
    await mkdir(join(temporary.path, 'shrink-confirmed'));
    const confirmation = shrinkConfirmationIn(temporary.path);
    expect(await confirmation.read().catch((thrown: unknown) => thrown)).to.have.property('code', code);
    expect(await confirmation.clear().catch((thrown: unknown) => thrown)).to.have.property('code', code);
  });
});
