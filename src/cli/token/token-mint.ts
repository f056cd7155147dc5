import { AuthplaneError } from '../../platform/errors.ts';
import type { PersonalToken } from '../../tokens/personal-token.ts';
import { parseLifetime } from '../ca/lifetime.ts';
import { examples } from '../command.ts';
import { actor, addTokenOptions, tokenServiceFor, type TokenContext } from './token-command.ts';

interface Options {
  readonly personal?: true;
  readonly subject: string;
  readonly audience: readonly string[];
  readonly scope: readonly string[];
  readonly claim: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly lifetime: number;
}

const DAY_MS = 86_400_000;

/** `authplane token mint` */
export function registerTokenMint({ group, io, run }: TokenContext): void {
  const command = group
    .command('mint')
    .description('make an access token, or with --personal a personal token that can be exchanged for one')
    .requiredOption('--subject <subject>', 'whose token it is')
    .requiredOption('--audience <name...>', 'what it is for; one for an access token')
    .option('--scope <scope...>', 'scopes that it has', [])
    .option('--personal', 'a long-lived opaque token')
    .option('--name <text>', 'what a personal token is for')
    .option('--claim <name=value...>', 'claims of a personal token', collectClaim, {})
    .option('--lifetime <time>', 'how long a personal token lives, at most 366d', parseLifetime, 30 * DAY_MS)
    .addHelpText(
      'after',
      '\nThe token is printed on stdout and stored nowhere; of a personal token a hash is stored.\n' +
        examples(
          'authplane token mint --personal --subject user:1 --audience api --scope read_api --name laptop',
          'authplane token mint --subject test --audience api',
        ),
    );
  addTokenOptions(command).action(
    run(async (options: Options) => {
      await using service = await tokenServiceFor(command, io);
      const { subject, audience: audiences, scope: scopes, claim: claims, lifetime: lifetimeMs } = options;
      if (options.personal === true) {
        const name = options.name ?? '';
        if (name === '')
          throw new AuthplaneError(
            'USAGE',
            'a personal token needs --name: somebody will ask what it is for',
          );
        const wish = { subject, name, audiences, scopes, claims, lifetimeMs };
        const made = await service.call({ do: 'mintPersonal', wish, actor: actor() });
        const { text, token } = made as { readonly text: string; readonly token: PersonalToken };
        io.stderr(`personal token ${token.id}, until ${new Date(token.expiresMs).toISOString()}\n`);
        io.stdout(`${text}\n`);
        return 'ok';
      }
      const [audience = ''] = audiences;
      if (audiences.length !== 1) throw new AuthplaneError('USAGE', 'an access token has one audience');
      const wish = { subject, audience, scopes };
      io.stdout(`${String(await service.call({ do: 'mintAccess', wish, actor: actor() }))}\n`);
      return 'ok';
    }),
  );
}

/** `realm=saas`; a claim that is there before is replaced. @throws AuthplaneError USAGE */
function collectClaim(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new AuthplaneError('USAGE', `--claim ${text} is not NAME=VALUE`);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
