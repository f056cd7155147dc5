import type { Clock } from '../platform/clock.ts';
import type { AuthplaneError } from '../platform/errors.ts';
import { LastKnownGood, type LastKnownGoodObserver } from '../store/last-known-good.ts';
import { ResourceStore } from '../store/resource-store.ts';
import { shrinkConfirmationIn } from '../store/shrink-confirmation.ts';
import { openStateDirectory } from '../store/state-directory.ts';
import type { StoreObserver } from '../store/store-observer.ts';

export interface OpenStoreParts {
  readonly clock: Clock;
  readonly observer: StoreObserver;
  readonly lastKnownGood: LastKnownGoodObserver;
}

export interface OpenStoreOptions {
  readonly stateDirectory: string;
  readonly shrinkGuard: boolean;
}

/** A store that a restart finds again. Disposing writes what is not on disk yet and gives the directory back. */
export interface OpenStore extends AsyncDisposable {
  readonly store: ResourceStore;
  /** Files of the state directory that could not be used. */
  readonly problems: readonly AuthplaneError[];
}

/** Opens the state directory and the store on it. @throws AuthplaneError STATE_DIR_UNUSABLE */
export async function openStore(parts: OpenStoreParts, options: OpenStoreOptions): Promise<OpenStore> {
  await using opening = new AsyncDisposableStack();
  const directory = opening.use(await openStateDirectory(options.stateDirectory));
  const saved = await LastKnownGood.open(directory, parts.lastKnownGood);
  opening.defer(() => saved.flush());
  const { state: restored, problems } = await saved.load();
  const store = new ResourceStore(
    {
      clock: parts.clock,
      observer: parts.observer,
      confirmation: shrinkConfirmationIn(directory.path),
      restored,
      save: state => saved.save(state),
    },
    { shrinkGuard: options.shrinkGuard },
  );
  const kept = opening.move();
  return { store, problems, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
