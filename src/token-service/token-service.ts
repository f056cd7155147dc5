import type { Clock } from '../platform/clock.ts';
import { AuthplaneError, messageOf, type ErrorCode } from '../platform/errors.ts';
import type { Jwk, TokenConfig } from '../tokens/config/token-config.ts';
import type { KeyEncryptionKey } from '../tokens/keys/envelope.ts';
import { PROXY_EXPECTED_MS, type KeyHolder } from '../tokens/keys/key-holder.ts';
import type { KeyLine } from '../tokens/keys/key-rotation.ts';
import type { SigningKey } from '../tokens/keys/signing-key.ts';
import { RevocationSet } from '../tokens/revocation.ts';
import { AuditQueue } from './audit-queue.ts';
import { KeyKeeper, type KeyChange } from './key-keeper.ts';
import { FRESH_MS, keyLines } from './key-lines.ts';
import { KeyRing } from './key-ring.ts';
import { combineHolders, isLive } from './replica-holders.ts';
import type { StoredKey } from './stored-key.ts';
import type { ReplicaReport, TokenStores } from './token-stores.ts';

/** What the token service knows, in memory. */
export interface TokenState {
  readonly ring: KeyRing;
  readonly revocations: RevocationSet;
  /** Who holds up the pending key for access tokens, over all replicas. */
  readonly heldUpBy: readonly KeyHolder[];
}

export interface TokenServiceObserver {
  /** What is in `state` has changed. */
  changed(state: TokenState): void;
  /** The database is away, or is there again. */
  databaseChanged(problem: AuthplaneError | undefined): void;
  /** A key is due and held up by somebody; empty: nobody any more. */
  heldUp(holders: readonly KeyHolder[]): void;
}

export interface TokenServiceParts {
  readonly stores: TokenStores;
  readonly clock: Clock;
  readonly keks: readonly [KeyEncryptionKey, ...KeyEncryptionKey[]];
  readonly config: () => TokenConfig;
  /** Names this process among replicas; undefined: it only reads, tells nothing of proxies and brings no key forward. */
  readonly replicaId: string | undefined;
  /** Who of the proxies connected here has not got a key. */
  readonly holdersOf: (key: SigningKey) => readonly KeyHolder[];
  /** Ids of the proxies connected here. */
  readonly proxies: () => readonly string[];
  /** Keys of trusted issuers that are fetched. */
  readonly fetchedKeys: (url: string) => readonly Jwk[] | undefined;
  readonly observer: TokenServiceObserver;
}

/** What no waiting mends. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['KEK_INVALID', 'SCHEMA_MISMATCH', 'DATABASE_UNUSABLE']);
/** How often the database is read without a notice. */
const POLL_MS = 1_000;
const FORGET_MS = 60_000;
/** Of a command that works on the database by itself. */
const NOBODY_THERE: KeyHolder = {
  reason: 'no authplane with proxies runs, so nothing shows which of them have the key',
  nodes: [],
};
/** A first key is made, published and activated in as many rounds. */
const MAX_ROUNDS = 4;

/**
 * Keeps keys and revocations in memory, newest state of the database or the last one that could be read, and brings keys forward. Reading, verifying and
 * publishing need no database; signing needs one that was read a moment ago, because another replica may have ended a key since.
 */
export class TokenService {
  readonly keeper: KeyKeeper;
  readonly audit: AuditQueue;
  readonly #parts: TokenServiceParts;
  #state: TokenState;
  #fingerprint = '';
  #reportedProxies = '';
  #readMs = -Infinity;
  #forgotMs = -Infinity;
  #problem: AuthplaneError | undefined;
  #timer: Disposable | undefined;
  #round: Promise<void> = Promise.resolve();
  #isAsked = false;
  #isStopped = false;

  constructor(parts: TokenServiceParts) {
    this.#parts = parts;
    this.keeper = new KeyKeeper({ store: parts.stores, clock: parts.clock, keks: parts.keks });
    this.audit = new AuditQueue(parts.stores);
    this.#state = { ring: new KeyRing([], parts.keks), revocations: new RevocationSet([]), heldUpBy: [] };
  }

  get state(): TokenState {
    return this.#state;
  }

  get config(): TokenConfig {
    return this.#parts.config();
  }

  get parts(): TokenServiceParts {
    return this.#parts;
  }

  /** Whether what is known is new enough to sign with. */
  get isFresh(): boolean {
    return this.#parts.clock.nowMs() - this.#readMs <= FRESH_MS;
  }

  /**
   * Resolves after the first round, also when the database is away.
   * @throws AuthplaneError KEK_INVALID when the keys cannot be opened, SCHEMA_MISMATCH when the schema is another one.
   */
  async start(): Promise<void> {
    await this.#run();
    if (this.#problem !== undefined && FATAL.has(this.#problem.code)) throw this.#problem;
    this.#arm();
  }

  /** Reads the database now; resolves when that is done. */
  async refresh(): Promise<void> {
    // One round at a time; one that comes after a request is enough for all requests before it.
    if (this.#isAsked) return this.#round;
    this.#isAsked = true;
    const before = this.#round;
    this.#round = before.then(() => {
      this.#isAsked = false;
      return this.#run();
    });
    return this.#round;
  }

  /** Asks for the next key of a line now. @param actor for the audit. @throws AuthplaneError DATABASE_UNAVAILABLE */
  async rotate(line: KeyLine, actor: string): Promise<KeyChange> {
    const { stores, clock, replicaId } = this.#parts;
    const keys = (await stores.readKeys()).map(({ key }) => key);
    const reports = await stores.readReports();
    const nowMs = clock.nowMs();
    const known = combineHolders(keys, reports, nowMs);
    const isAnybodyThere = replicaId !== undefined || reports.some(report => isLive(report, nowMs));
    const holders = isAnybodyThere ? known : new Map([...known.keys()].map(kid => [kid, [NOBODY_THERE]]));
    const change = await this.keeper.rotate(line, holders, actor);
    await this.refresh();
    return change;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
    await this.#round;
    const { replicaId, stores } = this.#parts;
    if (this.#problem === undefined && replicaId !== undefined) await stores.stopReport(replicaId);
  }

  #arm(): void {
    if (this.#isStopped) return;
    this.#timer = this.#parts.clock.after(POLL_MS, () => void this.refresh().then(() => this.#arm()));
  }

  async #run(): Promise<void> {
    if (this.#isStopped) return;
    try {
      for (let round = 0; round < MAX_ROUNDS; round++) if (!(await this.#oneRound())) break;
      this.#tellProblem(undefined);
    } catch (thrown) {
      // A defect must not end the rounds: keys would never change again.
      const isOurs = thrown instanceof AuthplaneError;
      this.#tellProblem(
        isOurs ? thrown : new AuthplaneError('INTERNAL', messageOf(thrown), { cause: thrown }),
      );
    }
  }

  /** @returns true when keys were changed, so that another round shows the result. */
  async #oneRound(): Promise<boolean> {
    const { stores, clock, keks, replicaId, holdersOf } = this.#parts;
    const startedMs = clock.nowMs();
    const stored = await stores.readKeys();
    const revocations = await stores.readRevocations(startedMs);
    this.#take(stored, revocations, keks);
    this.#readMs = startedMs;
    const keys = stored.map(({ key }) => key);
    const waiting = keys.filter(({ use, state }) => use === 'jwt' && state === 'pending');
    const own = Object.fromEntries(waiting.map(key => [key.kid, holdersOf(key)]));
    if (replicaId !== undefined) await this.#report(replicaId, startedMs, own);
    const holders = combineHolders(keys, await stores.readReports(), startedMs);
    if (replicaId === undefined) {
      this.#state = { ...this.#state, heldUpBy: [...holders.values()].flat() };
      return false;
    }
    const change = await this.keeper.tick(keyLines(this.config), holders);
    this.#tellHolders([...holders.values()].flat(), change.heldUpBy);
    await this.#forget(startedMs);
    return change.hasChanged;
  }

  async #report(id: string, seenMs: number, heldUpBy: ReplicaReport['heldUpBy']): Promise<void> {
    const proxies = this.#parts.proxies();
    const text = JSON.stringify(proxies);
    const isSame = text === this.#reportedProxies;
    await this.#parts.stores.writeReport({ id, seenMs, heldUpBy, proxies: isSame ? undefined : proxies });
    this.#reportedProxies = text;
  }

  #take(
    stored: readonly StoredKey[],
    revocations: RevocationSet['all'],
    keks: TokenServiceParts['keks'],
  ): void {
    const fingerprint = JSON.stringify([stored.map(({ key }) => key), revocations]);
    if (fingerprint === this.#fingerprint) return;
    const ring = new KeyRing(stored, keks);
    this.#fingerprint = fingerprint;
    this.#state = { ...this.#state, ring, revocations: new RevocationSet(revocations) };
    this.#parts.observer.changed(this.#state);
  }

  #tellHolders(heldUpBy: readonly KeyHolder[], due: readonly KeyHolder[]): void {
    this.#state = { ...this.#state, heldUpBy };
    this.#parts.observer.heldUp(due);
  }

  #tellProblem(problem: AuthplaneError | undefined): void {
    if (problem?.message === this.#problem?.message) return;
    this.#problem = problem;
    this.#parts.observer.databaseChanged(problem);
  }

  async #forget(nowMs: number): Promise<void> {
    if (nowMs - this.#forgotMs < FORGET_MS) return;
    this.#forgotMs = nowMs;
    await this.#parts.stores.forgetExpired(nowMs);
    await this.#parts.stores.forgetReports(nowMs - PROXY_EXPECTED_MS);
  }
}
