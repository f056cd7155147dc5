import type { CheckedFile } from '../compiler/checked-file.ts';
import type { SourceFile } from '../resources/source-tree.ts';

/** What `CheckedFiles` works with. */
export interface CheckedFilesParts {
  /** Checks one file by itself; a pure function of the file. */
  readonly check: (file: SourceFile) => CheckedFile;
  /** Lets other work of the process run. Default: the next turn of the event loop. */
  readonly yieldTurn?: () => Promise<void>;
  /** Milliseconds, monotonic. */
  readonly nowMs?: () => number;
}

/** Longest time that checking keeps the event loop, unless a single file takes longer. */
const MAX_TURN_MS = 10;

/**
 * Checks files once for each content: a file that did not change since one of the last two calls is not checked again. Between files the
 * event loop gets its turn, so that proxies are answered while a large tree is checked.
 */
export class CheckedFiles {
  readonly #parts: Required<CheckedFilesParts>;
  #current: ReadonlyMap<string, CheckedFile> = new Map();
  #previous: ReadonlyMap<string, CheckedFile> = new Map();

  constructor(parts: CheckedFilesParts) {
    this.#parts = {
      yieldTurn: () => new Promise(resolve => setImmediate(resolve)),
      nowMs: () => performance.now(),
      ...parts,
    };
  }

  /** The checked form of each file, in the same order. */
  async check(files: readonly SourceFile[]): Promise<readonly CheckedFile[]> {
    const { check, yieldTurn, nowMs } = this.#parts;
    const known = new Map<string, CheckedFile>();
    const checked: CheckedFile[] = [];
    let turnStartedMs = nowMs();
    for (const file of files) {
      const key = `${file.hash} ${file.path}`;
      let result = this.#current.get(key) ?? this.#previous.get(key);
      if (result === undefined) {
        result = check(file);
        if (nowMs() - turnStartedMs > MAX_TURN_MS) {
          await yieldTurn();
          turnStartedMs = nowMs();
        }
      }
      known.set(key, result);
      checked.push(result);
    }
    this.#previous = this.#current;
    this.#current = known;
    return checked;
  }
}
