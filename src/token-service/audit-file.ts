import { open, readFile } from 'node:fs/promises';
import type { Clock } from '../platform/clock.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { isMissing } from '../platform/read-if-there.ts';
import type { AuditEntry } from '../tokens/audit/audit-chain.ts';
import type { AuditStore } from './token-stores.ts';

export interface AuditFileParts {
  readonly store: AuditStore;
  readonly clock: Clock;
  /** Entries could not be appended; told once until it works again. */
  readonly onFailed: (thrown: unknown) => void;
}

const POLL_MS = 1_000;
const BATCH = 1_000;

/** Appends every entry of the audit to a file, one JSON object a line: a copy that who changes the database cannot change. */
export class AuditFile {
  readonly #parts: AuditFileParts;
  readonly #path: string;
  #seq = 0;
  #hasFailed = false;
  #timer: Disposable | undefined;
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: AuditFileParts, path: string) {
    this.#parts = parts;
    this.#path = path;
  }

  /** @throws AuthplaneError AUDIT_BROKEN when the file is there and is no audit. */
  async start(): Promise<void> {
    this.#seq = (await readAuditFile(this.#path)).at(-1)?.seq ?? 0;
    this.#arm();
  }

  /** Resolves when what is in the database has been appended, if that can be read. */
  async stop(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#work;
    await this.#append();
    this.#isStopped = true;
  }

  #arm(): void {
    if (this.#isStopped) return;
    this.#timer = this.#parts.clock.after(POLL_MS, () => {
      this.#work = this.#append().then(() => this.#arm());
    });
  }

  async #append(): Promise<void> {
    try {
      for (;;) {
        const entries = await this.#parts.store.readAudit(this.#seq, BATCH);
        const last = entries.at(-1);
        if (last === undefined) break;
        await appendLines(this.#path, entries);
        this.#seq = last.seq;
      }
      this.#hasFailed = false;
    } catch (thrown) {
      if (!this.#hasFailed) this.#parts.onFailed(thrown);
      this.#hasFailed = true;
    }
  }
}

/** All entries of an audit file. @throws AuthplaneError AUDIT_BROKEN for a line that is none. */
export async function readAuditFile(path: string): Promise<readonly AuditEntry[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw new AuthplaneError('AUDIT_BROKEN', `the audit file cannot be read: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  const lines = text.split('\n');
  // The last line may have been cut off by a crash; it is in the database.
  const whole = lines.slice(0, -1);
  return whole.map((line, index) => {
    try {
      return JSON.parse(line) as AuditEntry;
    } catch (thrown) {
      throw new AuthplaneError('AUDIT_BROKEN', `${path}:${index + 1} is no audit entry`, { cause: thrown });
    }
  });
}

async function appendLines(path: string, entries: readonly AuditEntry[]): Promise<void> {
  const file = await open(path, 'a+', 0o600);
  try {
    await cutPartialLine(file);
    await file.appendFile(entries.map(entry => `${JSON.stringify(entry)}\n`).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes what a crash left of a line. */
async function cutPartialLine(file: Awaited<ReturnType<typeof open>>): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const length = Math.min(size, 64 * 1024);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const end = buffer.lastIndexOf(0x0a);
  if (end !== length - 1) await file.truncate(size - length + end + 1);
}
