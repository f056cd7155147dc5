import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, type ChildExit } from './child-process.ts';
import { REPOSITORY } from './paths.ts';

export interface MochaCounts {
  readonly passed: number;
  readonly failed: number;
}

/** What `mocha --reporter json-stream` prints, one a line. */
type MochaEvent =
  | readonly ['start', unknown]
  | readonly ['pass', { readonly fullTitle: string; readonly duration?: number }]
  | readonly ['fail', { readonly fullTitle: string; readonly err: string; readonly stack?: string | null }]
  | readonly ['end', unknown];

export interface MochaOptions {
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long the process may live after its last test: what is open then was leaked by a test. Default: 20 000. */
  readonly exitGraceMs?: number;
  /** Takes the report. Default: prints it on stdout. */
  readonly print?: (text: string) => void;
}

/**
 * Runs mocha on the files in a process of its own, prints each test as it ends, and counts. A run that ends early, that
 * fails outside a test, or that does not end because a test left something open, counts as one more failure.
 */
export async function runMocha(files: readonly string[], options: MochaOptions = {}): Promise<MochaCounts> {
  const { env = {}, exitGraceMs = 20_000, print = (text: string) => console.log(text) } = options;
  const tally = new Tally(print, exitGraceMs);
  const mocha = Child.start(
    process.execPath,
    [join(REPOSITORY, 'node_modules/mocha/bin/mocha.js'), ...(await mochaFlags()), ...files],
    {
      cwd: REPOSITORY,
      env,
      onStdout: line => tally.add(line, () => mocha.signal('SIGKILL')),
      onStderr: line => print(`    | ${line}`),
    },
  );
  return tally.finish(await mocha.exited);
}

class Tally {
  readonly #print: (text: string) => void;
  readonly #exitGraceMs: number;
  #passed = 0;
  #failed = 0;
  #ended = false;
  #leaked = false;
  #grace: NodeJS.Timeout | undefined;

  constructor(print: (text: string) => void, exitGraceMs: number) {
    this.#print = print;
    this.#exitGraceMs = exitGraceMs;
  }

  /** Takes one line of output; `kill` is called when the process does not end after its last test. */
  add(line: string, kill: () => void): void {
    const event = parseEvent(line);
    if (event === undefined) {
      this.#print(`    | ${line}`);
      return;
    }
    if (event[0] === 'pass') {
      this.#passed++;
      this.#print(`  ok ${event[1].fullTitle} (${event[1].duration ?? 0} ms)`);
    } else if (event[0] === 'fail') {
      this.#failed++;
      this.#print(`  FAILED ${event[1].fullTitle}\n${indent(event[1].stack ?? event[1].err)}`);
    } else if (event[0] === 'end') {
      this.#ended = true;
      this.#grace = setTimeout(() => {
        this.#leaked = true;
        kill();
      }, this.#exitGraceMs);
    }
  }

  finish(exit: ChildExit): MochaCounts {
    clearTimeout(this.#grace);
    const trouble = this.#trouble(exit);
    if (trouble !== undefined) {
      this.#failed++;
      this.#print(`  FAILED ${trouble}`);
    }
    return { passed: this.#passed, failed: this.#failed };
  }

  #trouble(exit: ChildExit): string | undefined {
    if (this.#leaked) return 'a test left something open: the process did not end by itself';
    if (!this.#ended) return `mocha ended early (code ${String(exit.code)}, signal ${String(exit.signal)})`;
    if (exit.code !== 0 && this.#failed === 0) return 'mocha failed although no test did';
    return undefined;
  }
}

/** The settings of .mocharc.json as flags, without its `spec`: mocha would add those files to the ones given. */
async function mochaFlags(): Promise<string[]> {
  const text = await readFile(join(REPOSITORY, '.mocharc.json'), 'utf8');
  const settings = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const flags = Object.entries(settings).flatMap(([name, value]) => {
    if (name === 'spec' || name === 'reporter' || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}=${String(value)}`];
  });
  return ['--no-config', ...flags, '--reporter=json-stream'];
}

function parseEvent(line: string): MochaEvent | undefined {
  if (!/^\["(start|pass|fail|end)",/.test(line)) return undefined;
  return JSON.parse(line) as MochaEvent;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
