import { AuthplaneError } from '../../platform/errors.ts';
import { parseCaveat } from '../../tokens/macaroon/caveat.ts';
import { readBundle, writeBundle } from '../../tokens/macaroon/macaroon-format.ts';
import { MacaroonFormatError } from '../../tokens/macaroon/macaroon-limits.ts';
import { addCaveat } from '../../tokens/macaroon/macaroon.ts';
import { examples } from '../command.ts';
import { readToken } from './read-token.ts';
import type { TokenContext } from './token-command.ts';

/** `authplane token attenuate` */
export function registerTokenAttenuate({ group, io, run }: TokenContext): void {
  group
    .command('attenuate')
    .description('add conditions to a macaroon; works offline, and nobody can take them away')
    .argument('[macaroon]', 'the macaroon; - or nothing: standard input')
    .requiredOption('--caveat <condition...>', 'conditions, all of which must hold')
    .addHelpText(
      'after',
      '\nConditions: exp SECONDS, nbf SECONDS, aud NAME,…, scope NAME,…, method GET,…, path /PREFIX, cidr 10.0.0.0/8,…,\n' +
        'project ID,…, cnf SHA256 (of a client certificate, base64url).\n' +
        examples('authplane token attenuate --caveat "scope read_api" "project 7" - < macaroon'),
    )
    .action(
      run(async (argument: string | undefined, options: { readonly caveat: readonly string[] }) => {
        io.stdout(`${attenuate(await readToken(argument), options.caveat)}\n`);
        return 'ok';
      }),
    );
}

/** @throws AuthplaneError USAGE for a condition that would refuse everything, TOKEN_REFUSED for what is no macaroon. */
function attenuate(text: string, conditions: readonly string[]): string {
  for (const condition of conditions) {
    const parsed = parseCaveat(Buffer.from(condition));
    if ('problem' in parsed) throw new AuthplaneError('USAGE', `"${condition}": ${parsed.problem}`);
  }
  try {
    const { macaroon, discharges } = readBundle(text);
    if (discharges.length > 0) {
      throw new AuthplaneError(
        'TOKEN_REFUSED',
        'its discharges are bound to it as it is: attenuate it before they are got',
      );
    }
    const narrowed = conditions.reduce(
      (made, condition) => addCaveat(made, Buffer.from(condition)),
      macaroon,
    );
    return writeBundle({ macaroon: narrowed, discharges: [] });
  } catch (thrown) {
    if (thrown instanceof MacaroonFormatError) throw new AuthplaneError('TOKEN_REFUSED', thrown.message);
    throw thrown;
  }
}
