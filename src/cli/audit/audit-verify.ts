import { resolve } from 'node:path';
import { AuthplaneError } from '../../platform/errors.ts';
import { checkChain, NO_AUDIT, type AuditEntry, type AuditHead } from '../../tokens/audit/audit-chain.ts';
import { examples } from '../command.ts';
import type { ExitName } from '../exit-codes.ts';
import type { CliIo } from '../io.ts';
import { addTokenOptions, tokenServiceFor, type TokenContext } from '../token/token-command.ts';
import { readAudit } from './read-audit.ts';

interface Options {
  readonly file?: string;
  readonly fileOnly?: true;
}

/** `authplane audit verify` */
export function registerAuditVerify({ group, io, run }: TokenContext): void {
  const command = group
    .command('verify')
    .description('check that no entry was changed, removed or put in between')
    .option('--file <path>', 'an audit file (--audit-file of serve); it is compared with the database')
    .option('--file-only', 'check the file alone')
    .addHelpText(
      'after',
      '\nWho can write to the database can make a whole new chain, or cut off its end: that shows only beside a file that\n' +
        'was kept elsewhere. Exit code 3: the chain does not hold.\n' +
        examples('authplane audit verify', 'authplane audit verify --file /mnt/worm/audit.jsonl'),
    );
  addTokenOptions(command).action(
    run(async (options: Options) => {
      const file = options.file === undefined ? undefined : await readFileEntries(io, options.file);
      if (options.fileOnly === true) {
        if (file === undefined) throw new AuthplaneError('USAGE', '--file-only needs --file');
        return report(io, verifyAll(NO_AUDIT, file), file.length);
      }
      await using service = await tokenServiceFor(command, io);
      let head: AuditHead = NO_AUDIT;
      for await (const entries of readAudit(service, 0)) {
        const problem = verifyAll(head, entries) ?? differenceFrom(file, entries);
        if (problem !== undefined) return report(io, problem, entries.length);
        head = entries.at(-1) ?? head;
      }
      const beyond = file?.find(({ seq }) => seq > head.seq);
      const cut = beyond && `the database ends at entry ${head.seq}, the file has entry ${beyond.seq}`;
      return report(io, cut, head.seq);
    }),
  );
}

async function readFileEntries(io: CliIo, file: string): Promise<readonly AuditEntry[]> {
  const { readAuditFile } = await import('../../token-service/audit-file.ts');
  const entries = await readAuditFile(resolve(io.workingDirectory, file));
  if (entries.length === 0) throw new AuthplaneError('AUDIT_BROKEN', `${file} has no entry`);
  return entries;
}

function verifyAll(head: AuditHead, entries: readonly AuditEntry[]): string | undefined {
  const fault = checkChain(head, entries);
  return fault && `entry ${fault.seq}: ${fault.problem}`;
}

/** An entry of the database that the file has, too, and has otherwise. */
function differenceFrom(
  file: readonly AuditEntry[] | undefined,
  entries: readonly AuditEntry[],
): string | undefined {
  const other = entries.find(({ seq, hash }) => {
    const copy = file?.[seq - 1];
    return copy !== undefined && copy.hash !== hash;
  });
  return other && `entry ${other.seq} is another one than in the file`;
}

function report(io: CliIo, problem: string | undefined, count: number): ExitName {
  if (problem !== undefined) {
    io.stderr(`the audit does not hold: ${problem}\n`);
    return 'differences';
  }
  io.stdout(`${count} entries, none changed\n`);
  return 'ok';
}
