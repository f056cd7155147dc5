import { randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { AuthplaneError } from '../platform/errors.ts';
import type { AuditEvent } from '../tokens/audit/audit-chain.ts';
import { rewrap, type KeyEncryptionKey } from '../tokens/keys/envelope.ts';
import type { KeyHolder, KeyHolders } from '../tokens/keys/key-holder.ts';
import {
  applyKeyEffect,
  endLine,
  stepKeys,
  type KeyEffect,
  type KeyEvent,
  type KeyLine,
} from '../tokens/keys/key-rotation.ts';
import { generateKey } from './generate-key.ts';
import type { StoredKey } from './stored-key.ts';
import type { KeyDecision, KeyStore, KeyWrite } from './token-stores.ts';

export interface KeyKeeperParts {
  readonly store: KeyStore;
  readonly clock: Clock;
  /** The current key-encryption key first, then those before it. */
  readonly keks: readonly [KeyEncryptionKey, ...KeyEncryptionKey[]];
}

/** What a change of keys came to. */
export interface KeyChange {
  /** Who keeps a key that is due from becoming active. */
  readonly heldUpBy: readonly KeyHolder[];
  /** False: nothing was written. */
  readonly hasChanged: boolean;
}

const NOTHING: KeyChange = { heldUpBy: [], hasChanged: false };
const KEEPER = 'authplane';

/** Makes keys come and go: every change is one transaction that reads, decides and writes, so replicas do not get in each other's way. */
export class KeyKeeper {
  readonly #parts: KeyKeeperParts;

  constructor(parts: KeyKeeperParts) {
    this.#parts = parts;
  }

  /** What time brings: first keys, due changes, ends. Lines that are not listed are brought to their end. */
  tick(lines: readonly KeyLine[], holders: KeyHolders): Promise<KeyChange> {
    return this.#change(KEEPER, '', async stored => {
      const keys = stored.map(({ key }) => key);
      const nowMs = this.#parts.clock.nowMs();
      const [first] = lines;
      const others = first === undefined ? [] : linesWithout(lines, keys, first);
      const steps = [
        ...lines.map(line => ({ line, ...stepKeys(line, keys, { kind: 'tick', holders }, nowMs) })),
        ...others.map(line => ({ line, effects: endLine(line, keys, nowMs), heldUpBy: [] })),
      ];
      return Promise.resolve(steps);
    });
  }

  /** Asks for the next key of a line now. @param actor for the audit. */
  rotate(line: KeyLine, holders: KeyHolders, actor: string): Promise<KeyChange> {
    return this.#step(line, { kind: 'rotate', holders }, actor, '');
  }

  /** Makes the pending key active whoever has not got it. @throws AuthplaneError TOKEN_REFUSED when none is pending. */
  force(line: KeyLine, actor: string, reason: string): Promise<KeyChange> {
    return this.#step(line, { kind: 'force' }, actor, reason);
  }

  /** Ends a key at once. @throws AuthplaneError TOKEN_REFUSED when no live key has this kid. */
  async compromise(lines: readonly KeyLine[], kid: string, actor: string, reason: string): Promise<void> {
    const change = await this.#change(actor, reason, async stored => {
      const found = stored.find(({ key }) => key.kid === kid)?.key;
      const line = lines.find(({ use, algorithm }) => found?.use === use && found.algorithm === algorithm);
      const fallback = found === undefined ? undefined : { ...found, rotateEveryMs: 0, longestTokenMs: 0 };
      const chosen = line ?? fallback;
      if (chosen === undefined) return Promise.resolve([]);
      const keys = stored.map(({ key }) => key);
      const { effects } = stepKeys(chosen, keys, { kind: 'compromise', kid }, this.#parts.clock.nowMs());
      const ended = effects.some(effect => effect.kind === 'end' && effect.kid === kid);
      return Promise.resolve(ended ? [{ line: chosen, effects, heldUpBy: [] }] : []);
    });
    if (!change.hasChanged) throw new AuthplaneError('TOKEN_REFUSED', `there is no live signing key ${kid}`);
  }

  /** Wraps all keys with the current key-encryption key. @returns how many were wrapped by another one. */
  rewrap(actor: string): Promise<number> {
    const { store, keks, clock } = this.#parts;
    return store.changeKeys(stored => {
      const writes = stored.flatMap(({ key, sealed }): readonly KeyWrite[] => {
        if (sealed === undefined || sealed.kekId === keks[0].id) return [];
        return [{ kind: 'rewrap', kid: key.kid, sealed: rewrap(keks, key, sealed, randomBytes) }];
      });
      const audit = writes.map((write): AuditEvent => ({
        atMs: clock.nowMs(),
        actor,
        action: 'key.rewrapped',
        object: write.kind === 'rewrap' ? write.kid : '',
        detail: { kek: keks[0].id },
      }));
      return Promise.resolve({ writes, audit, result: writes.length });
    });
  }

  async #step(line: KeyLine, event: KeyEvent, actor: string, reason: string): Promise<KeyChange> {
    return this.#change(actor, reason, stored => {
      const keys = stored.map(({ key }) => key);
      return Promise.resolve([{ line, ...stepKeys(line, keys, event, this.#parts.clock.nowMs()) }]);
    });
  }

  #change(
    actor: string,
    reason: string,
    decide: (stored: readonly StoredKey[]) => Promise<readonly LineStep[]>,
  ): Promise<KeyChange> {
    return this.#parts.store.changeKeys(async (stored): Promise<KeyDecision<KeyChange>> => {
      const steps = await decide(stored);
      const writing = new Writing(stored, this.#parts, actor, reason);
      for (const { line, effects } of steps) for (const effect of effects) await writing.add(line, effect);
      const { writes, audit } = writing;
      const heldUpBy = steps.flatMap(step => step.heldUpBy);
      const result =
        writes.length === 0 && heldUpBy.length === 0 ? NOTHING : { heldUpBy, hasChanged: writes.length > 0 };
      return { writes, audit, result };
    });
  }
}

interface LineStep {
  readonly line: KeyLine;
  readonly effects: readonly KeyEffect[];
  readonly heldUpBy: readonly KeyHolder[];
}

/** Turns effects into what is written and what the audit says. */
class Writing {
  readonly writes: KeyWrite[] = [];
  readonly audit: AuditEvent[] = [];
  readonly #keys: Map<string, StoredKey>;
  readonly #parts: KeyKeeperParts;
  readonly #actor: string;
  readonly #reason: string;

  constructor(stored: readonly StoredKey[], parts: KeyKeeperParts, actor: string, reason: string) {
    this.#keys = new Map(stored.map(entry => [entry.key.kid, entry]));
    this.#parts = parts;
    this.#actor = actor;
    this.#reason = reason;
  }

  async add(line: KeyLine, effect: KeyEffect): Promise<void> {
    const nowMs = this.#parts.clock.nowMs();
    if (effect.kind === 'generate') {
      const stored = await generateKey(line.use, line.algorithm, this.#parts.keks[0], nowMs);
      this.writes.push({ kind: 'insert', stored });
      this.#tell('key.made', stored.key.kid, nowMs, { use: line.use, algorithm: line.algorithm });
      return;
    }
    const known = this.#keys.get(effect.kid);
    if (known === undefined) return;
    const key = applyKeyEffect(known.key, effect, nowMs);
    this.#keys.set(effect.kid, { ...known, key });
    this.writes.push({ kind: 'update', key });
    const action = effect.kind === 'rotateNow' ? 'key.rotation_asked' : `key.${key.state}`;
    this.#tell(action, effect.kid, nowMs, this.#reason === '' ? {} : { reason: this.#reason });
  }

  #tell(action: string, object: string, atMs: number, detail: AuditEvent['detail']): void {
    this.audit.push({ atMs, actor: this.#actor, action, object, detail });
  }
}

/** Lines that have live keys and are wanted no more. */
function linesWithout(
  lines: readonly KeyLine[],
  keys: readonly StoredKey['key'][],
  like: KeyLine,
): readonly KeyLine[] {
  const wanted = new Set(lines.map(({ use, algorithm }) => `${use} ${algorithm}`));
  const others = new Map<string, KeyLine>();
  for (const { use, algorithm } of keys) {
    const name = `${use} ${algorithm}`;
    if (!wanted.has(name)) others.set(name, { ...like, use, algorithm });
  }
  return [...others.values()];
}
