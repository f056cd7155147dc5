import { examples } from '../command.ts';
import { readToken } from './read-token.ts';
import { addTokenOptions, tokenServiceFor, type TokenContext } from './token-command.ts';

/** `authplane token verify` */
export function registerTokenVerify({ group, io, run }: TokenContext): void {
  const command = group
    .command('verify')
    .description('ask the token service whether an access token or personal token counts now')
    .argument('[token]', 'the token; - or nothing: standard input')
    .addHelpText(
      'after',
      '\nExit code 6: it does not count (forged, expired, revoked, of another issuer).\n' +
        examples('authplane token verify - < token'),
    );
  addTokenOptions(command).action(
    run(async (argument: string | undefined) => {
      const token = await readToken(argument);
      await using service = await tokenServiceFor(command, io);
      const claims = await service.call({ do: 'verify', token });
      if (claims === undefined) {
        io.stderr('the token does not count\n');
        return 'denied';
      }
      io.stdout(`${JSON.stringify(claims, null, 2)}\n`);
      return 'ok';
    }),
  );
}
