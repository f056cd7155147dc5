import { examples, type CommandContext } from '../command.ts';
import type { TokenContext } from '../token/token-command.ts';
import { registerKeysCompromise } from './keys-compromise.ts';
import { registerKeysRewrap } from './keys-rewrap.ts';
import { registerKeysRotate } from './keys-rotate.ts';
import { registerKeysStatus } from './keys-status.ts';

const COMMANDS: readonly ((context: TokenContext) => void)[] = [
  registerKeysStatus,
  registerKeysRotate,
  registerKeysCompromise,
  registerKeysRewrap,
];

/** `authplane keys …`: the signing keys of the token service. */
export function registerKeys({ program, io, run }: CommandContext): void {
  const group = program
    .command('keys')
    .description('signing keys of the token service: state, rotation, emergency')
    .addHelpText('after', examples('authplane keys status', 'authplane keys rotate --wait'));
  for (const register of COMMANDS) register({ group, io, run });
}
