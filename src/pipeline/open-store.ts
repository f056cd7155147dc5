import type { Clock } from '../platform/clock.ts';
import type { AuthplaneError } from '../platform/errors.ts';
import { LastKnownGood, type LastKnownGoodObserver } from '../store/last-known-good.ts';
import { ResourceStore } from '../store/resource-store.ts';
import { shrinkConfirmationIn } from '../store/shrink-confirmation.ts';
import { readStateKey } from '../store/read-state-key.ts';
import { CLEAR_TEXT, encryptedWith, type StateCipher } from '../store/state-cipher.ts';
import { openStateDirectory } from '../store/state-directory.ts';
import { EMPTY_STATE } from '../store/store-state.ts';
import type { StoreObserver } from '../store/store-observer.ts';

export interface OpenStoreParts {
  readonly clock: Clock;
  readonly observer: StoreObserver;
  readonly lastKnownGood: LastKnownGoodObserver;
}

export interface OpenStoreOptions {
  readonly stateDirectory: string;
  readonly shrinkGuard: boolean;
  /** What last-known-good is encrypted with; undefined: it is kept only with `statePlaintext`. */
  readonly stateKeyFile?: string | undefined;
  /** Keep it in clear text when there is no key. */
  readonly statePlaintext: boolean;
}

/** A store that a restart finds again. Disposing writes what is not on disk yet and gives the directory back. */
export interface OpenStore extends AsyncDisposable {
  readonly store: ResourceStore;
  /** False: there is no key and nobody has allowed clear text, so a restart with broken files has nothing to serve. */
  readonly isKept: boolean;
  /** Files of the state directory that could not be used. */
  readonly problems: readonly AuthplaneError[];
}

/** Opens the state directory and the store on it. @throws AuthplaneError STATE_DIR_UNUSABLE */
export async function openStore(parts: OpenStoreParts, options: OpenStoreOptions): Promise<OpenStore> {
  await using opening = new AsyncDisposableStack();
  const directory = opening.use(await openStateDirectory(options.stateDirectory));
  const cipher = await cipherOf(options);
  const saved =
    cipher === undefined
      ? undefined
      : await LastKnownGood.open({ directory, observer: parts.lastKnownGood, cipher });
  opening.defer(async () => saved?.flush());
  const { state: restored, problems } = (await saved?.load()) ?? { state: EMPTY_STATE, problems: [] };
  const store = new ResourceStore(
    {
      clock: parts.clock,
      observer: parts.observer,
      confirmation: shrinkConfirmationIn(directory.path),
      restored,
      save: state => saved?.save(state),
    },
    { shrinkGuard: options.shrinkGuard },
  );
  const kept = opening.move();
  const isKept = saved !== undefined;
  return { store, isKept, problems, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Undefined: nothing may be kept. */
async function cipherOf({
  stateKeyFile,
  statePlaintext,
}: OpenStoreOptions): Promise<StateCipher | undefined> {
  if (stateKeyFile !== undefined) return encryptedWith(await readStateKey(stateKeyFile));
  return statePlaintext ? CLEAR_TEXT : undefined;
}
