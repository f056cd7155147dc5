import { examples, type CommandContext } from '../command.ts';
import { registerTokenAttenuate } from './token-attenuate.ts';
import { registerTokenCheck } from './token-check.ts';
import type { TokenContext } from './token-command.ts';
import { registerTokenInspect } from './token-inspect.ts';
import { registerTokenList } from './token-list.ts';
import { registerTokenMint } from './token-mint.ts';
import { registerTokenRevoke } from './token-revoke.ts';
import { registerTokenVerify } from './token-verify.ts';

const COMMANDS: readonly ((context: TokenContext) => void)[] = [
  registerTokenMint,
  registerTokenList,
  registerTokenInspect,
  registerTokenVerify,
  registerTokenAttenuate,
  registerTokenRevoke,
  registerTokenCheck,
];

/** `authplane token …`: tokens of the token service. */
export function registerToken({ program, io, run }: CommandContext): void {
  const group = program
    .command('token')
    .description('tokens: make, look into, verify, attenuate, revoke')
    .addHelpText(
      'after',
      examples(
        'authplane token mint --personal --subject user:1 --audience api --scope read_api --name laptop',
        'authplane token revoke --subject user:1 --reason "left the company"',
      ),
    );
  for (const register of COMMANDS) register({ group, io, run });
}
