import { sortKeys, type KeysStatus } from '../../token-service/token-admin.ts';
import type { KeyHolder } from '../../tokens/keys/key-holder.ts';
import { examples } from '../command.ts';
import { formatTable, outputOption, printData, type OutputFormat } from '../output.ts';
import { addTokenOptions, tokenServiceFor, type TokenContext } from '../token/token-command.ts';

/** `authplane keys status` */
export function registerKeysStatus({ group, io, run }: TokenContext): void {
  const command = group
    .command('status')
    .description('show all signing keys, and who has not got the next one yet')
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText(
      'after',
      '\nExit code 4: some proxy or replica has not got the next key, so it cannot sign.\n' +
        examples('authplane keys status', 'authplane keys status -o json --state-dir /var/lib/authplane'),
    );
  addTokenOptions(command).action(
    run(async (options: { readonly output: OutputFormat }) => {
      await using service = await tokenServiceFor(command, io);
      const status = (await service.call({ do: 'keys' })) as KeysStatus;
      await printData(io, options.output, viewOf(status), () => tableOf(status));
      return status.heldUpBy.length > 0 ? 'notInSync' : 'ok';
    }),
  );
}

function viewOf({ keys, heldUpBy, kekId }: KeysStatus): unknown {
  return {
    kek: kekId,
    held_up_by: heldUpBy,
    keys: sortKeys(keys).map(key => ({
      kid: key.kid,
      use: key.use,
      algorithm: key.algorithm,
      state: key.state,
      created: timeOf(key.createdMs),
      activated: timeOf(key.activatedMs),
      rotate_after: timeOf(key.rotateAfterMs),
      verify_until: timeOf(key.verifyUntilMs),
      ended: timeOf(key.endedMs),
      kek: key.kekId ?? null,
    })),
  };
}

function tableOf({ keys, heldUpBy, kekId }: KeysStatus): string {
  const rows = sortKeys(keys).map(key => [
    key.kid,
    key.use,
    key.algorithm,
    key.state,
    key.kekId ?? '-',
    untilOf(key),
  ]);
  const wrapped = keys.filter(key => key.kekId !== undefined && key.kekId !== kekId).length;
  const kek =
    wrapped === 0
      ? ''
      : `\n${wrapped} keys are wrapped by another key-encryption key (authplane keys rewrap)\n`;
  return formatTable(['KID', 'USE', 'ALG', 'STATE', 'KEK', 'UNTIL'], rows) + kek + holdersText(heldUpBy);
}

/** When the state of a key ends by itself. */
function untilOf({ state, rotateAfterMs, verifyUntilMs, endedMs }: KeysStatus['keys'][number]): string {
  const ms = state === 'active' ? rotateAfterMs : state === 'retiring' ? verifyUntilMs : endedMs;
  return timeOf(ms) ?? '-';
}

/** Who holds the next key up, a line for each reason. */
export function holdersText(holders: readonly KeyHolder[]): string {
  return holders
    .map(({ reason, nodes }) => `held up: ${reason}${nodes.length === 0 ? '' : `: ${nodes.join(', ')}`}\n`)
    .join('');
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
