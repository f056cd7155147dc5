import type { Command } from 'commander';
import type { ExitName } from './exit-codes.ts';
import type { CliIo } from './io.ts';

/** What every command file gets: the parent to add itself to, the outside world, and where its exit goes. */
export interface CommandContext {
  readonly program: Command;
  readonly io: CliIo;
  /** Wraps a command's body, whose result becomes the exit code of the process. */
  readonly run: <Arguments extends readonly unknown[]>(
    body: (...args: Arguments) => Promise<ExitName>,
  ) => (...args: Arguments) => Promise<void>;
}

/** A block of examples for the end of a help text. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map(line => `  ${line}`).join('\n')}\n`;
}
