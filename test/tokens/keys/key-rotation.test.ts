import { expect } from 'chai';
import { endLine, stepKeys, type KeyLine } from '../../../src/tokens/keys/key-rotation.ts';
import type { SigningKey } from '../../../src/tokens/keys/signing-key.ts';

const LINE: KeyLine = { use: 'jwt', algorithm: 'ES256', rotateEveryMs: 1_000, longestTokenMs: 300 };
const key = (kid: string, rest: Partial<SigningKey>): SigningKey => ({
  kid,
  use: 'jwt',
  algorithm: 'ES256',
  state: 'pending',
  createdMs: 0,
  ...rest,
});
const ACTIVE = key('a', { state: 'active', activatedMs: 0, rotateAfterMs: 1_000 });
const PENDING = key('p', {});
const FROZEN = [{ reason: 'not accepted', nodes: ['edge-1'] }];
const NOBODY = new Map();

describe('stepKeys', () => {
  it('begins with a pending key', () => {
    expect(stepKeys(LINE, [], { kind: 'tick', holders: NOBODY }, 5).effects).to.deep.equal([
      { kind: 'generate' },
    ]);
  });

  it('activates the first key when nobody holds it up', () => {
    const { effects } = stepKeys(LINE, [PENDING], { kind: 'tick', holders: NOBODY }, 5);
    expect(effects).to.deep.equal([
      { kind: 'activate', kid: 'p', rotateAfterMs: 1_005 },
      { kind: 'generate' },
    ]);
  });

  it('does nothing before the active key is due', () => {
    expect(stepKeys(LINE, [ACTIVE, PENDING], { kind: 'tick', holders: NOBODY }, 999).effects).to.deep.equal(
      [],
    );
  });

  it('puts the pending key in the place of one that is due', () => {
    const { effects } = stepKeys(LINE, [ACTIVE, PENDING], { kind: 'tick', holders: NOBODY }, 1_000);
    expect(effects).to.deep.equal([
      { kind: 'retire', kid: 'a', verifyUntilMs: 1_300 },
      { kind: 'activate', kid: 'p', rotateAfterMs: 2_000 },
      { kind: 'generate' },
    ]);
  });

  it('waits for a proxy and names it', () => {
    const step = stepKeys(
      LINE,
      [ACTIVE, PENDING],
      { kind: 'tick', holders: new Map([['p', FROZEN]]) },
      1_000,
    );
    expect(step).to.deep.equal({ effects: [], heldUpBy: FROZEN });
  });

  it('remembers a rotation that was asked for and is held up', () => {
    const step = stepKeys(LINE, [ACTIVE, PENDING], { kind: 'rotate', holders: new Map([['p', FROZEN]]) }, 10);
    expect(step).to.deep.equal({ effects: [{ kind: 'rotateNow', kid: 'a' }], heldUpBy: FROZEN });
  });

  it('activates by force', () => {
    const { effects } = stepKeys(LINE, [ACTIVE, PENDING], { kind: 'force' }, 10);
    expect(effects.map(({ kind }) => kind)).to.deep.equal(['retire', 'activate', 'generate']);
  });

  it('ends a compromised key at once and leaves the next one to the proxies that have it', () => {
    const { effects } = stepKeys(LINE, [ACTIVE, PENDING], { kind: 'compromise', kid: 'a' }, 10);
    expect(effects).to.deep.equal([{ kind: 'end', kid: 'a', state: 'compromised' }]);
  });

  it('replaces a pending key that is compromised', () => {
    const { effects } = stepKeys(LINE, [ACTIVE, PENDING], { kind: 'compromise', kid: 'p' }, 10);
    expect(effects).to.deep.equal([{ kind: 'end', kid: 'p', state: 'compromised' }, { kind: 'generate' }]);
  });

  it('retires a key when the last token that it signed has expired', () => {
    const old = key('o', { state: 'retiring', verifyUntilMs: 300 });
    const at = (nowMs: number) =>
      stepKeys(LINE, [old, ACTIVE, PENDING], { kind: 'tick', holders: NOBODY }, nowMs).effects;
    expect(at(299)).to.deep.equal([]);
    expect(at(300)).to.deep.equal([{ kind: 'end', kid: 'o', state: 'retired' }]);
  });

  it('passes over keys of other lines', () => {
    const other = key('m', { use: 'macaroon', algorithm: 'HMAC-SHA256', state: 'active' });
    expect(stepKeys(LINE, [other], { kind: 'tick', holders: NOBODY }, 5).effects).to.deep.equal([
      { kind: 'generate' },
    ]);
  });
});

describe('endLine', () => {
  it('lets what was signed live on', () => {
    expect(endLine(LINE, [ACTIVE, PENDING], 50)).to.deep.equal([
      { kind: 'retire', kid: 'a', verifyUntilMs: 350 },
      { kind: 'end', kid: 'p', state: 'retired' },
    ]);
  });
});
