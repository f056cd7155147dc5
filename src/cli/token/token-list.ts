import type { PersonalToken } from '../../tokens/personal-token.ts';
import { examples } from '../command.ts';
import { formatTable, outputOption, printData, type OutputFormat } from '../output.ts';
import { addTokenOptions, tokenServiceFor, type TokenContext } from './token-command.ts';

/** `authplane token list` */
export function registerTokenList({ group, io, run }: TokenContext): void {
  const command = group
    .command('list')
    .description('list personal tokens, without what is secret in them')
    .option('--subject <subject>', 'only those of one subject')
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText('after', examples('authplane token list --subject user:1'));
  addTokenOptions(command).action(
    run(async (options: { readonly subject?: string; readonly output: OutputFormat }) => {
      await using service = await tokenServiceFor(command, io);
      const found = await service.call({ do: 'listPersonal', subject: options.subject ?? null });
      const tokens = found as readonly PersonalToken[];
      await printData(io, options.output, tokens.map(viewOf), () =>
        formatTable(
          ['ID', 'SUBJECT', 'NAME', 'SCOPES', 'STATE', 'EXPIRES'],
          tokens.map(token => [
            ...[token.id, token.subject, token.name, token.scopes.join(' ') || '-'],
            ...[stateOf(token), new Date(token.expiresMs).toISOString()],
          ]),
        ),
      );
      return 'ok';
    }),
  );
}

function stateOf({ revokedMs, expiresMs }: PersonalToken): string {
  if (revokedMs !== undefined) return 'revoked';
  return expiresMs <= Date.now() ? 'expired' : 'valid';
}

function viewOf(token: PersonalToken): unknown {
  const { id, subject, name, scopes, audiences, claims, createdMs, expiresMs } = token;
  const times = { created: new Date(createdMs).toISOString(), expires: new Date(expiresMs).toISOString() };
  return { id, subject, name, scopes, audiences, claims, ...times, state: stateOf(token) };
}
