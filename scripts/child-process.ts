import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How a child ended. `error` is set when it could not be started. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

export interface ChildOptions {
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** A process group of its own: Ctrl-C in the terminal does not reach the program, so that it can be ended in order. */
  readonly ownGroup?: boolean;
  /** Runs as this user; only root may. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** The program can be written to (`write`). Default: its standard input is empty. */
  readonly hasInput?: boolean;
  readonly onStdout?: (line: string) => void;
  readonly onStderr?: (line: string) => void;
}

/** Children that run; ended with this process however it ends, short of SIGKILL. */
const running = new Set<ChildProcess>();

function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

function endAllAndDie(signal: NodeJS.Signals): void {
  endAll();
  process.kill(process.pid, signal);
}

/** A program that runs beside this one and never outlives it. Output is kept as lines. */
export class Child implements AsyncDisposable {
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  /** Resolves when the program has ended and all its output has been read. */
  readonly exited: Promise<ChildExit>;
  readonly #child: ChildProcess;
  readonly #name: string;

  private constructor(name: string, child: ChildProcess, exited: Promise<ChildExit>) {
    this.#name = name;
    this.#child = child;
    this.exited = exited;
  }

  /** Starts a program by path or name, without a shell. Failure to start shows in `exited`. */
  static start(command: string, args: readonly string[], options: ChildOptions = {}): Child {
    const process_ = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: options.ownGroup ?? false,
      ...options.user,
    });
    // A program that ends before it has read everything: its end is told anyway.
    process_.stdin.on('error', () => undefined);
    if (options.hasInput !== true) process_.stdin.end();
    if (running.size === 0) {
      process.on('exit', endAll);
      // A program that handles the signal itself ends its children itself.
      if (process.listenerCount('SIGTERM') === 0) process.once('SIGTERM', endAllAndDie);
    }
    running.add(process_);
    const exited = once(process_, 'close').then(
      ([code, signal]: unknown[]) => ({
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
      }),
      (error: unknown) => ({ code: null, signal: null, error: error as Error }),
    );
    void exited.finally(() => ended(process_));
    const child = new Child(command, process_, exited);
    createInterface({ input: process_.stdout }).on('line', line => {
      child.stdout.push(line);
      options.onStdout?.(line);
    });
    createInterface({ input: process_.stderr }).on('line', line => {
      child.stderr.push(line);
      options.onStderr?.(line);
    });
    return child;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get hasExited(): boolean {
    return !running.has(this.#child);
  }

  /** Writes a line to a program that was started with `hasInput`. */
  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends `signal`, and SIGKILL when the program is still there after `graceMs`. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 10_000): Promise<ChildExit> {
    if (this.hasExited) return this.exited;
    this.#child.kill(signal);
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(kill);
    }
  }

  /** The last lines of both outputs, for the message of a failure. */
  tail(lines = 20): string {
    const last = [...this.stdout.slice(-lines), ...this.stderr.slice(-lines)];
    return [`--- ${this.#name} (pid ${this.pid})`, ...last].join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function ended(child: ChildProcess): void {
  running.delete(child);
  if (running.size > 0) return;
  process.off('exit', endAll);
  process.off('SIGTERM', endAllAndDie);
}
