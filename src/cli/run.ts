import { Command, CommanderError } from 'commander';
import { messageOf } from '../platform/errors.ts';
import { registerCa } from './ca/ca.ts';
import { registerAudit } from './audit/audit.ts';
import { registerBootstrap } from './bootstrap.ts';
import type { CommandContext } from './command.ts';
import { registerCompile } from './compile.ts';
import { registerCompletion } from './completion.ts';
import { registerConfirm } from './confirm.ts';
import { registerDb } from './db/db.ts';
import { registerDiff } from './diff.ts';
import { EXIT_CODES, exitOf, type ExitName } from './exit-codes.ts';
import { registerExplainCode } from './explain-code.ts';
import type { CliIo } from './io.ts';
import { registerKeys } from './keys/keys.ts';
import { registerSchema } from './schema.ts';
import { registerSecrets } from './secrets.ts';
import { registerServe } from './serve.ts';
import { registerStatus } from './status.ts';
import { registerTest } from './test.ts';
import { registerToken } from './token/token.ts';
import { registerTokens } from './tokens.ts';
import { registerValidate } from './validate.ts';
import { registerVersion } from './version.ts';

/** In the order of the help. Files of commands import heavy modules only when they run, so that --help is quick. */
const COMMANDS: readonly ((context: CommandContext) => void)[] = [
  registerServe,
  registerValidate,
  registerCompile,
  registerDiff,
  registerTest,
  registerSchema,
  registerBootstrap,
  registerStatus,
  registerSecrets,
  registerCa,
  registerKeys,
  registerToken,
  registerTokens,
  registerAudit,
  registerDb,
  registerConfirm,
  registerExplainCode,
  registerCompletion,
  registerVersion,
];

/**
 * Runs one command line (without `node` and the script).
 * @returns the exit code of the process; a name for it is in EXIT_CODES.
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  let exit: ExitName = 'ok';
  const program = new Command('authplane')
    .description('Control plane of an authentication layer made of Envoy proxies.')
    .exitOverride()
    .configureOutput({ writeOut: text => io.stdout(text), writeErr: text => io.stderr(text) })
    .configureHelp({ showGlobalOptions: false })
    .showSuggestionAfterError()
    .addHelpText('after', exitCodeHelp());
  const context: CommandContext = {
    program,
    io,
    run: body => {
      return async (...args) => {
        exit = await body(...args);
      };
    },
  };
  for (const register of COMMANDS) register(context);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return EXIT_CODES[exit].code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_CODES.usage.code;
    const name = exitOf(thrown);
    io.stderr(`authplane: ${messageOf(thrown)}\n`);
    if (name === 'internal' && thrown instanceof Error && io.environment['AUTHPLANE_LOG_LEVEL'] === 'debug') {
      io.stderr(`${thrown.stack ?? ''}\n`);
    }
    return EXIT_CODES[name].code;
  }
}

function exitCodeHelp(): string {
  const lines = Object.values(EXIT_CODES).map(
    ({ code, meaning }) => `  ${String(code).padStart(2)}  ${meaning}`,
  );
  return `\nExit codes:\n${lines.join('\n')}\n`;
}
