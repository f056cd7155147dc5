import { decodeJwt, decodeProtectedHeader } from 'jose';
import { AuthplaneError } from '../../platform/errors.ts';
import { readBundle } from '../../tokens/macaroon/macaroon-format.ts';
import { MacaroonFormatError } from '../../tokens/macaroon/macaroon-limits.ts';
import type { Macaroon } from '../../tokens/macaroon/macaroon.ts';
import { isPersonalToken } from '../../tokens/personal-token.ts';
import { examples } from '../command.ts';
import { readToken } from './read-token.ts';
import type { TokenContext } from './token-command.ts';

/** `authplane token inspect` */
export function registerTokenInspect({ group, io, run }: TokenContext): void {
  group
    .command('inspect')
    .description('show what a token says, without verifying it and without asking anybody')
    .argument('[token]', 'JWT, macaroon or personal token; - or nothing: standard input')
    .addHelpText('after', '\nSignatures are not shown.\n' + examples('authplane token inspect - < token'))
    .action(
      run(async (argument: string | undefined) => {
        io.stdout(`${JSON.stringify(inspect(await readToken(argument)), null, 2)}\n`);
        return 'ok';
      }),
    );
}

/** @throws AuthplaneError TOKEN_REFUSED for what is no token. */
function inspect(token: string): unknown {
  if (token.startsWith('apat-')) return { kind: 'personal token', well_formed: isPersonalToken(token) };
  try {
    return { kind: 'JWT', header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    // It may be a macaroon.
  }
  try {
    const { macaroon, discharges } = readBundle(token);
    return { kind: 'macaroon', ...viewOf(macaroon), discharges: discharges.map(viewOf) };
  } catch (thrown) {
    if (!(thrown instanceof MacaroonFormatError)) throw thrown;
    throw new AuthplaneError('TOKEN_REFUSED', 'it is no JWT, no personal token and no macaroon');
  }
}

function viewOf({ location, identifier, caveats }: Macaroon): Readonly<Record<string, unknown>> {
  return {
    location: location ?? null,
    identifier: textOf(identifier),
    caveats: caveats.map(caveat =>
      caveat.verificationId === undefined
        ? textOf(caveat.identifier)
        : { third_party: caveat.location ?? null, identifier: textOf(caveat.identifier) },
    ),
  };
}

/** Text as it is, other bytes in base64. */
function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : `base64:${Buffer.from(bytes).toString('base64')}`;
}
