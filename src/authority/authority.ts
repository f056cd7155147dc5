import { AuthplaneError } from '../platform/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { AuthorityDirectory } from './authority-directory.ts';
import {
  activeRoot,
  isPast,
  issuerOf,
  RENEWAL_SHARE,
  rootOf,
  successorOf,
  TAKEOVER_SHARE,
  type AuthorityState,
  type IssuedRecord,
  type IssuerRecord,
  type LeafRequest,
  type SerialRecord,
} from './authority-state.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { loadAuthority, publishAuthority } from './publish-authority.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Clocks of machines differ. */
const BACKDATE_MS = 5 * MINUTE_MS;

/** How long what a CA makes is valid, in milliseconds. */
export interface AuthorityLifetimes {
  readonly rootMs: number;
  readonly issuerMs: number;
  readonly listMs: number;
}

export const DEFAULT_LIFETIMES: AuthorityLifetimes = {
  rootMs: 3650 * DAY_MS,
  issuerMs: 365 * DAY_MS,
  listMs: 7 * DAY_MS,
};

export interface AuthorityParts {
  readonly directory: AuthorityDirectory;
  readonly clock: Clock;
  readonly lifetimes?: AuthorityLifetimes;
}

/** What a renewal did. */
export interface Renewal {
  /** Names whose certificates were issued again. */
  readonly renewed: readonly string[];
  /** True: a new CA below the root is published, or issues from now on. */
  readonly newIssuer: boolean;
  readonly newLists: boolean;
}

/**
 * A CA of one directory: a root, a CA below it that issues, certificates with SPIFFE and DNS names, revocation lists. Its state knows a certificate
 * before the files have it, and what others read is complete before the state says so. Every method runs under the lock of the directory and
 * throws AuthplaneError CA_UNUSABLE, or CA_REFUSED for what cannot be done.
 */
export class Authority {
  readonly #directory: AuthorityDirectory;
  readonly #clock: Clock;
  readonly #lifetimes: AuthorityLifetimes;

  constructor({ directory, clock, lifetimes = DEFAULT_LIFETIMES }: AuthorityParts) {
    this.#directory = directory;
    this.#clock = clock;
    this.#lifetimes = lifetimes;
  }

  /** Makes root and issuing CA. Refused when there is a CA. */
  async init(name: string): Promise<AuthorityState> {
    return this.#directory.locked(async () => {
      if ((await this.#directory.readState()) !== undefined) {
        throw new AuthplaneError('CA_REFUSED', `there is a CA in ${this.#directory.path} already`);
      }
      const empty: AuthorityState = {
        format: 1,
        name,
        nextId: 1,
        listNumber: 0,
        lists: undefined,
        roots: [],
        trusted: [],
        issuers: [],
        activeIssuer: 0,
        issued: [],
        revoked: [],
        rotation: undefined,
        forced: [],
      };
      const { state, rootId, issuerId } = await this.addRoot(empty);
      return this.publish({ ...state, trusted: [rootId], activeIssuer: issuerId });
    });
  }

  async read(): Promise<AuthorityState> {
    const state = await this.#directory.readState();
    if (state === undefined) {
      throw new AuthplaneError(
        'CA_REFUSED',
        `there is no CA in ${this.#directory.path}; make one with "authplane ca init"`,
      );
    }
    return state;
  }

  /** Reads the state, lets `change` make another one, and keeps it. */
  async update<T>(
    change: (state: AuthorityState) => Promise<{ state: AuthorityState; result: T }>,
  ): Promise<T> {
    return this.#directory.locked(async () => {
      const before = await this.read();
      const { state, result } = await change(before);
      if (state !== before) await this.#directory.writeState(state);
      return result;
    });
  }

  /** Issues a certificate and writes it with its key. A name that was issued before gets a new one for what is asked now. */
  async issue(
    name: string,
    request: LeafRequest,
    paths: Pick<IssuedRecord, 'certificatePath' | 'privateKeyPath'>,
  ): Promise<IssuedRecord> {
    return this.update(async before => {
      const fresh = await this.#freshIssuer(before);
      const { state, record } = await this.#issueTo(fresh, { name, request, ...paths });
      return { state, result: record };
    });
  }

  /**
   * Issues everything again that is past half of its life, or `all`: certificates, the issuing CA, revocation lists. A certificate that cannot be
   * written keeps no other from being renewed; it is tried again next time.
   * @throws AuthplaneError of the first that failed, when all others are done.
   */
  async renew(all = false): Promise<Renewal> {
    return this.update(async before => {
      const nowMs = this.#clock.nowMs();
      let state = await this.#freshIssuer(before);
      const renewed: string[] = [];
      let failure: AuthplaneError | undefined;
      for (const record of state.issued) {
        if (!all && record.isWritten && !isPast(record, RENEWAL_SHARE, nowMs)) continue;
        try {
          ({ state } = await this.#issueTo(state, record));
          renewed.push(record.name);
        } catch (thrown) {
          if (!(thrown instanceof AuthplaneError)) throw thrown;
          failure ??= thrown;
          // What was issued and not written is in it.
          state = await this.read();
        }
      }
      const newIssuer = state.activeIssuer !== before.activeIssuer || state.nextId !== before.nextId;
      const newLists = all || areListsDue(state, nowMs);
      if (newLists) state = await this.publish(state);
      if (failure !== undefined) throw failure;
      return { state, result: { renewed, newIssuer, newLists } };
    });
  }

  /** Revokes every certificate of a name that has not expired, and writes the lists. The name is not renewed any more. */
  async revoke(name: string): Promise<readonly SerialRecord[]> {
    return this.update(async before => {
      const record = before.issued.find(entry => entry.name === name);
      if (record === undefined) {
        throw new AuthplaneError('CA_REFUSED', `this CA has not issued a certificate for "${name}"`);
      }
      const nowMs = this.#clock.nowMs();
      const serials = [record, ...record.earlier].filter(({ notAfterMs }) => notAfterMs > nowMs);
      const revoked = serials.map(({ serialNumber, issuerId, notAfterMs }) => ({
        name,
        serialNumber,
        issuerId,
        notAfterMs,
        revokedAtMs: nowMs,
      }));
      const state = await this.publish({
        ...before,
        issued: before.issued.filter(entry => entry !== record),
        revoked: [...before.revoked, ...revoked],
      });
      return { state, result: revoked };
    });
  }

  /** Writes the revocation lists anew. */
  async writeLists(): Promise<AuthorityState> {
    return this.update(async before => {
      const state = await this.publish(before);
      return { state, result: state };
    });
  }

  /** A new root with a CA below it; nothing issues from it yet and nobody trusts it. */
  async addRoot(
    before: AuthorityState,
  ): Promise<{ readonly state: AuthorityState; readonly rootId: number; readonly issuerId: number }> {
    const rootId = before.nextId;
    const period = this.#periodOf(this.#lifetimes.rootMs);
    const root = CertificateAuthority.create(`${before.name} root ${rootId}`, period);
    await this.#directory.writeKey('root', rootId, root.privateKey);
    const record = {
      id: rootId,
      certificatePem: root.certificatePem,
      notAfterMs: period.notAfter.getTime(),
    };
    const { state, issuerId } = await this.#addIssuer(
      { ...before, nextId: rootId + 1, roots: [...before.roots, record] },
      rootId,
      root,
    );
    return { state, rootId, issuerId };
  }

  /** Issues every certificate again that does not come from the active root. */
  async reissue(before: AuthorityState): Promise<AuthorityState> {
    let state = before;
    for (const record of before.issued) {
      if (rootOf(state, record) === activeRoot(state)) continue;
      ({ state } = await this.#issueTo(state, record));
    }
    return state;
  }

  /** Writes what others read, `trust.pem` and `revoked.crl`, and the state. Returns the state. */
  async publish(before: AuthorityState): Promise<AuthorityState> {
    return publishAuthority(
      this.#directory,
      before,
      this.#periodOf(this.#lifetimes.listMs),
      this.#clock.nowMs(),
    );
  }

  /** Deletes a root and what is below it. */
  async forget(before: AuthorityState, rootId: number): Promise<AuthorityState> {
    const gone = before.issuers.filter(issuer => issuer.rootId === rootId);
    const isGone = ({ issuerId }: SerialRecord): boolean => gone.some(({ id }) => id === issuerId);
    const state = await this.publish({
      ...before,
      roots: before.roots.filter(({ id }) => id !== rootId),
      issuers: before.issuers.filter(issuer => issuer.rootId !== rootId),
      issued: before.issued.map(record => ({
        ...record,
        earlier: record.earlier.filter(entry => !isGone(entry)),
      })),
      revoked: before.revoked.filter(entry => !isGone(entry)),
    });
    await this.#directory.removeKey('root', rootId);
    for (const { id } of gone) await this.#directory.removeKey('issuing', id);
    return state;
  }

  /**
   * Sees to it that there is always a CA to issue from. Its successor, below the same root, is published at half of its life and used some time
   * later: a proxy that checks revocation refuses certificates of a CA whose list it does not have.
   */
  async #freshIssuer(before: AuthorityState): Promise<AuthorityState> {
    const issuer = issuerOf(before, before.activeIssuer);
    const nowMs = this.#clock.nowMs();
    const successor = successorOf(before);
    if (successor !== undefined) {
      return isPast(issuer, TAKEOVER_SHARE, nowMs) ? { ...before, activeIssuer: successor.id } : before;
    }
    if (!isPast(issuer, RENEWAL_SHARE, nowMs)) return before;
    const root = before.roots.find(({ id }) => id === issuer.rootId);
    const ca = await loadAuthority(this.#directory, 'root', issuer.rootId, root?.certificatePem ?? '', '');
    const { state } = await this.#addIssuer(before, issuer.rootId, ca);
    return this.publish(state);
  }

  async #addIssuer(
    before: AuthorityState,
    rootId: number,
    root: CertificateAuthority,
  ): Promise<{ readonly state: AuthorityState; readonly issuerId: number }> {
    const id = before.nextId;
    const period = this.#periodOf(this.#lifetimes.issuerMs);
    const ca = root.createIntermediate(`${before.name} issuing ${id}`, period, 0);
    await this.#directory.writeKey('issuing', id, ca.privateKey);
    const record: IssuerRecord = {
      id,
      rootId,
      certificatePem: ca.certificatePem,
      notBeforeMs: period.notBefore.getTime(),
      notAfterMs: period.notAfter.getTime(),
    };
    return { state: { ...before, nextId: id + 1, issuers: [...before.issuers, record] }, issuerId: id };
  }

  /** The state knows a certificate before anybody can have it, so that whatever fails then, it can be revoked; and is kept for each one. */
  async #issueTo(
    state: AuthorityState,
    wanted: Pick<IssuedRecord, 'name' | 'request' | 'certificatePath' | 'privateKeyPath'>,
  ): Promise<{ readonly state: AuthorityState; readonly record: IssuedRecord }> {
    const issuer = issuerOf(state, state.activeIssuer);
    const ca = await loadAuthority(
      this.#directory,
      'issuing',
      issuer.id,
      issuer.certificatePem,
      issuer.certificatePem,
    );
    const { name, request, certificatePath, privateKeyPath } = wanted;
    const asked = this.#periodOf(request.lifetimeMs);
    // Nothing outlives its CA.
    const period = { ...asked, notAfter: new Date(Math.min(asked.notAfter.getTime(), issuer.notAfterMs)) };
    const issued = ca.issue({ ...request, ...period });
    const known = state.issued.find(record => record.name === name);
    const record: IssuedRecord = {
      name,
      request,
      certificatePath,
      privateKeyPath,
      serialNumber: issued.serialNumber,
      issuerId: issuer.id,
      notBeforeMs: period.notBefore.getTime(),
      notAfterMs: period.notAfter.getTime(),
      earlier: known === undefined ? [] : [serialOf(known), ...known.earlier],
      isWritten: false,
    };
    await this.#directory.writeState(withIssued(state, record));
    await this.#directory.writePair(certificatePath, issued.chainPem, privateKeyPath, issued.privateKeyPem);
    const written = { ...record, isWritten: true };
    const after = withIssued(state, written);
    await this.#directory.writeState(after);
    return { state: after, record: written };
  }

  #periodOf(lifetimeMs: number): { readonly notBefore: Date; readonly notAfter: Date } {
    const nowMs = this.#clock.nowMs();
    return { notBefore: new Date(nowMs - BACKDATE_MS), notAfter: new Date(nowMs + lifetimeMs) };
  }
}

function withIssued(state: AuthorityState, record: IssuedRecord): AuthorityState {
  const others = state.issued.filter(({ name }) => name !== record.name);
  return { ...state, issued: [...others, record].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function serialOf({ serialNumber, issuerId, notAfterMs }: SerialRecord): SerialRecord {
  return { serialNumber, issuerId, notAfterMs };
}

function areListsDue({ lists }: AuthorityState, nowMs: number): boolean {
  return lists === undefined || nowMs >= (lists.fromMs + lists.untilMs) / 2;
}
