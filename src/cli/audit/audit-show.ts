import { examples } from '../command.ts';
import { addTokenOptions, tokenServiceFor, type TokenContext } from '../token/token-command.ts';
import { readAudit } from './read-audit.ts';

/** `authplane audit show` */
export function registerAuditShow({ group, io, run }: TokenContext): void {
  const command = group
    .command('show')
    .description('print the entries as JSON lines, the oldest first')
    .option('--after <seq>', 'only entries after this one', Number, 0)
    .addHelpText('after', examples('authplane audit show --after 1200'));
  addTokenOptions(command).action(
    run(async (options: { readonly after: number }) => {
      await using service = await tokenServiceFor(command, io);
      for await (const entries of readAudit(service, options.after)) {
        io.stdout(entries.map(entry => `${JSON.stringify(entry)}\n`).join(''));
      }
      return 'ok';
    }),
  );
}
