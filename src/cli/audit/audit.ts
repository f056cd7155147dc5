import { examples, type CommandContext } from '../command.ts';
import type { TokenContext } from '../token/token-command.ts';
import { registerAuditShow } from './audit-show.ts';
import { registerAuditVerify } from './audit-verify.ts';

const COMMANDS: readonly ((context: TokenContext) => void)[] = [registerAuditShow, registerAuditVerify];

/** `authplane audit …`: what was done with keys and tokens. */
export function registerAudit({ program, io, run }: CommandContext): void {
  const group = program
    .command('audit')
    .description('what was done with keys and tokens, and whether the record is whole')
    .addHelpText('after', examples('authplane audit show', 'authplane audit verify --file audit.jsonl'));
  for (const register of COMMANDS) register({ group, io, run });
}
