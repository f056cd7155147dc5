import { examples } from '../command.ts';
import { actor, addTokenOptions, tokenServiceFor, type TokenContext } from '../token/token-command.ts';

/** `authplane keys compromise` */
export function registerKeysCompromise({ group, io, run }: TokenContext): void {
  const command = group
    .command('compromise')
    .description('end a key at once: no token that it signed is taken any more')
    .argument('<kid>', 'the key, as keys status names it')
    .requiredOption('--reason <text>', 'goes into the audit')
    .addHelpText(
      'after',
      '\nProxies refuse its tokens within seconds; clients get new ones of the next key, which proxies have already.\n' +
        examples(
          'authplane keys compromise etvBB16qGlq3l1s9620UOzCaG7nH7-cy1kCcjcCPsUA --reason "backup was lost"',
        ),
    );
  addTokenOptions(command).action(
    run(async (kid: string, options: { readonly reason: string }) => {
      await using service = await tokenServiceFor(command, io);
      await service.call({ do: 'compromise', kid, reason: options.reason, actor: actor() });
      io.stdout(`key ${kid} has ended\n`);
      return 'ok';
    }),
  );
}
