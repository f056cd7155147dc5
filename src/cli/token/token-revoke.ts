import { AuthplaneError } from '../../platform/errors.ts';
import type { RevocationKind } from '../../tokens/revocation.ts';
import { examples } from '../command.ts';
import { actor, addTokenOptions, tokenServiceFor, type TokenContext } from './token-command.ts';

const KINDS = ['jti', 'subject', 'client', 'macaroon', 'personal'] as const;

type Options = Readonly<Partial<Record<(typeof KINDS)[number], string>>> & { readonly reason: string };

/** `authplane token revoke` */
export function registerTokenRevoke({ group, io, run }: TokenContext): void {
  const command = group
    .command('revoke')
    .description('refuse tokens that were issued until now; proxies know within seconds')
    .option('--jti <id>', 'one access token')
    .option('--subject <subject>', 'all tokens of a subject')
    .option('--client <id>', 'all tokens of a client')
    .option('--macaroon <nonce>', 'one macaroon, and what is made of it from now on')
    .option('--personal <id>', 'one personal token, and what is made of it from now on')
    .requiredOption('--reason <text>', 'goes into the audit')
    .addHelpText(
      'after',
      '\nA subject or client can get new tokens; to keep it out, revoke its personal tokens or remove it from the files too.\n' +
        examples('authplane token revoke --subject user:1 --reason "laptop was stolen"'),
    );
  addTokenOptions(command).action(
    run(async (options: Options) => {
      const named = KINDS.flatMap(kind =>
        options[kind] === undefined ? [] : [[kind, options[kind]] as const],
      );
      const [only] = named;
      if (only === undefined || named.length > 1) {
        throw new AuthplaneError('USAGE', `give one of ${KINDS.map(kind => `--${kind}`).join(', ')}`);
      }
      const [kind, value] = only as readonly [RevocationKind | 'personal', string];
      await using service = await tokenServiceFor(command, io);
      const isDone = await service.call({
        do: 'revoke',
        kind,
        value,
        reason: options.reason,
        actor: actor(),
      });
      if (isDone !== true)
        throw new AuthplaneError('TOKEN_REFUSED', `there is no valid ${kind} token ${value}`);
      io.stdout(`revoked: ${kind} ${value}\n`);
      return 'ok';
    }),
  );
}
