import { examples, type CommandContext } from '../command.ts';
import type { CaContext } from './ca-command.ts';
import { registerCaInit } from './ca-init.ts';
import { registerCaIssue } from './ca-issue.ts';
import { registerCaRenew } from './ca-renew.ts';
import { registerCaCrl, registerCaRevoke } from './ca-revoke.ts';
import { registerCaRotate } from './ca-rotate.ts';
import { registerCaStatus } from './ca-status.ts';

const COMMANDS: readonly ((context: CaContext) => void)[] = [
  registerCaInit,
  registerCaIssue,
  registerCaRenew,
  registerCaRevoke,
  registerCaCrl,
  registerCaStatus,
  registerCaRotate,
];

/** `authplane ca …`: a small CA for sites without one. */
export function registerCa({ program, io, run }: CommandContext): void {
  const group = program
    .command('ca')
    .description('a small certificate authority for sites without one')
    .addHelpText(
      'after',
      examples(
        'authplane ca init --name gitlab',
        'authplane ca issue edge-1 --spiffe spiffe://gitlab.example/edge/1 --dns edge-1.gitlab.example',
        'authplane ca rotate --wait',
      ),
    );
  for (const register of COMMANDS) register({ group, io, run });
}
