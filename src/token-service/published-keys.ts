import { writeFileAtomic } from '../platform/atomic-file.ts';
import { readIfThere } from '../platform/read-if-there.ts';
import { edgeRevocations, type EdgeRevocations } from '../tokens/edge-revocations.ts';
import type { PublicJwk } from './stored-key.ts';
import type { TokenState } from './token-service.ts';

/** What proxies get of the token service, as texts. */
interface Published {
  readonly jwks: string;
  readonly revocations: string;
}

/** The same, read. */
interface Read {
  readonly keys: readonly PublicJwk[];
  readonly kids: readonly string[];
  readonly overlay: { readonly jwks: string; readonly revocations: EdgeRevocations };
}

/** What proxies get of the token service: its public keys and what is revoked. Kept on disk, so that a start does not need the database. */
export class PublishedKeys {
  readonly #path: string;
  readonly #onChange: () => void;
  #published: Published | undefined;
  #read: Read | undefined;
  #written: Promise<void> = Promise.resolve();
  readonly #onFailed: (thrown: unknown) => void;

  constructor(
    parts: { readonly onChange: () => void; readonly onFailed: (thrown: unknown) => void },
    path: string,
  ) {
    this.#path = path;
    this.#onChange = parts.onChange;
    this.#onFailed = parts.onFailed;
  }

  /** Takes what an earlier process has kept; what is damaged counts as nothing. */
  async start(): Promise<void> {
    const bytes = await readIfThere(this.#path);
    if (bytes === undefined) return;
    try {
      const { jwks, revocations } = JSON.parse(bytes.toString('utf8')) as Partial<Published>;
      if (typeof jwks === 'string' && typeof revocations === 'string') this.#take({ jwks, revocations });
    } catch (thrown) {
      this.#onFailed(thrown);
    }
  }

  /** Takes a new state; tells when it is something else than before. */
  update({ ring, revocations }: TokenState): void {
    if (ring.jwks.length === 0) return;
    const next = {
      jwks: JSON.stringify({ keys: ring.jwks }),
      revocations: JSON.stringify(edgeRevocations(revocations.all)),
    };
    if (next.jwks === this.#published?.jwks && next.revocations === this.#published.revocations) return;
    this.#take(next);
    this.#written = this.#written
      .then(() => writeFileAtomic(this.#path, Buffer.from(JSON.stringify(next))))
      .catch(this.#onFailed);
    this.#onChange();
  }

  /** Undefined: nothing is known yet. */
  get jwks(): readonly PublicJwk[] | undefined {
    return this.#read?.keys;
  }

  /** Names of the keys. */
  get kids(): readonly string[] {
    return this.#read?.kids ?? [];
  }

  /** For chains; undefined: nothing is known yet. */
  get overlay(): { readonly jwks: string; readonly revocations: EdgeRevocations } | undefined {
    return this.#read?.overlay;
  }

  /** Resolves when what is known is on disk. */
  async stop(): Promise<void> {
    await this.#written;
  }

  /** Asked for at every request and every second: read once. */
  #take(published: Published): void {
    const { keys } = JSON.parse(published.jwks) as { readonly keys: readonly PublicJwk[] };
    const revocations = JSON.parse(published.revocations) as EdgeRevocations;
    const kids = keys.flatMap(({ kid }) => kid ?? []);
    this.#read = { keys, kids, overlay: { jwks: published.jwks, revocations } };
    this.#published = published;
  }
}
