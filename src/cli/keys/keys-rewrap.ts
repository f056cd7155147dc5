import { examples } from '../command.ts';
import { actor, addTokenOptions, tokenServiceFor, type TokenContext } from '../token/token-command.ts';

/** `authplane keys rewrap` */
export function registerKeysRewrap({ group, io, run }: TokenContext): void {
  const command = group
    .command('rewrap')
    .description('wrap all signing keys with the current key-encryption key')
    .addHelpText(
      'after',
      '\nTo exchange the key-encryption key: start authplane with the new one as --kek-file and the old one as\n' +
        '--kek-previous-file, run this, then start it without --kek-previous-file and destroy the old one.\n' +
        examples('authplane keys rewrap --state-dir /var/lib/authplane'),
    );
  addTokenOptions(command).action(
    run(async () => {
      await using service = await tokenServiceFor(command, io);
      const count = (await service.call({ do: 'rewrap', actor: actor() })) as number;
      io.stdout(`${count} keys were wrapped anew\n`);
      return 'ok';
    }),
  );
}
