import { Argument } from 'commander';
import { suggestion } from '../config/suggest.ts';
import { AuthplaneError, ERROR_CODES } from '../platform/errors.ts';
import { DIAGNOSTIC_CODES, type DiagnosticCodeEntry } from '../resources/diagnostic-codes.ts';
import { examples, type CommandContext } from './command.ts';

/** `authplane explain-code CODE`: what a code in a message means and what to do. Works offline. */
export function registerExplainCode({ program, io, run }: CommandContext): void {
  program
    .command('explain-code')
    .description('explain a code such as AP1301')
    .addArgument(new Argument('<code>', 'the code in brackets at the end of a message'))
    .addHelpText('after', examples('authplane explain-code AP1301'))
    .action(
      run((code: string) => {
        io.stdout(explain(code));
        return Promise.resolve('ok');
      }),
    );
}

/** @throws AuthplaneError USAGE for a code that does not exist */
function explain(code: string): string {
  const wanted = code.toUpperCase();
  const diagnostics: Readonly<Record<string, DiagnosticCodeEntry | undefined>> = DIAGNOSTIC_CODES;
  const errors: Readonly<Record<string, string | undefined>> = ERROR_CODES;
  const entry = diagnostics[wanted];
  if (entry !== undefined)
    return `${wanted}  ${entry.title}\n\nWhy:   ${entry.reason}\nTo do: ${entry.hint}\n`;
  const error = errors[wanted];
  if (error !== undefined) return `${wanted}  ${error}\n`;
  const near = suggestion(wanted, [...Object.keys(DIAGNOSTIC_CODES), ...Object.keys(ERROR_CODES)]);
  throw new AuthplaneError('USAGE', `there is no code ${wanted}${near}`);
}
