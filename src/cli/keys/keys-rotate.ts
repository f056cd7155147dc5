import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from 'commander';
import { AuthplaneError } from '../../platform/errors.ts';
import type { KeysStatus } from '../../token-service/token-admin.ts';
import type { KeyHolder } from '../../tokens/keys/key-holder.ts';
import type { KeyUse } from '../../tokens/keys/signing-key.ts';
import { parseLifetime } from '../ca/lifetime.ts';
import { examples } from '../command.ts';
import type { ExitName } from '../exit-codes.ts';
import type { CliIo } from '../io.ts';
import {
  actor,
  addTokenOptions,
  tokenServiceFor,
  type TokenContext,
  type TokenServiceClient,
} from '../token/token-command.ts';
import { holdersText } from './keys-status.ts';

interface Options {
  readonly use: KeyUse;
  readonly wait?: true;
  readonly timeout: number;
  readonly force?: string;
}

const POLL_MS = 500;

/** `authplane keys rotate` */
export function registerKeysRotate({ group, io, run }: TokenContext): void {
  const command = group
    .command('rotate')
    .description('let the next key sign, as soon as every proxy has it')
    .addOption(new Option('--use <use>', 'which keys').choices(['jwt', 'macaroon']).default('jwt'))
    .option('--wait', 'wait for proxies that have not got it')
    .option('--timeout <time>', 'how long to wait', parseLifetime, 3_600_000)
    .option('--force <reason>', 'let it sign whoever has not got it; the reason goes into the audit')
    .addHelpText(
      'after',
      '\nThe next key is published long before it is needed, so that this is usually done at once. When a proxy has not\n' +
        'got it, the request is kept: the key signs as soon as nobody is left. Exit code 4: somebody is.\n' +
        'The key before stays published until the last token that it signed has expired.\n' +
        examples('authplane keys rotate --wait', 'authplane keys rotate --force "edge-7 was scrapped"'),
    );
  addTokenOptions(command).action(
    run(async (options: Options) => {
      await using service = await tokenServiceFor(command, io);
      const { use } = options;
      if (options.force !== undefined) {
        await service.call({ do: 'force', use, reason: options.force, actor: actor() });
        io.stdout('the next key signs now\n');
        return 'ok';
      }
      const before = await activeKey(service, use);
      const heldUpBy = (await service.call({ do: 'rotate', use, actor: actor() })) as readonly KeyHolder[];
      if (heldUpBy.length > 0 && options.wait === true) return await waitFor(service, before, options, io);
      io.stdout(heldUpBy.length === 0 ? 'the next key signs now\n' : holdersText(heldUpBy));
      return heldUpBy.length === 0 ? 'ok' : 'notInSync';
    }),
  );
}

async function waitFor(
  service: TokenServiceClient,
  before: string | undefined,
  { use, timeout }: Options,
  io: CliIo,
): Promise<ExitName> {
  const deadlineMs = Date.now() + timeout;
  let told = '';
  for (;;) {
    const { heldUpBy } = (await service.call({ do: 'keys' })) as KeysStatus;
    if ((await activeKey(service, use)) !== before) {
      io.stdout('the next key signs now\n');
      return 'ok';
    }
    const text = holdersText(heldUpBy);
    if (text !== told) io.stderr(text);
    told = text;
    if (Date.now() > deadlineMs)
      throw new AuthplaneError('UNREACHABLE', 'the next key was not taken in time');
    await sleep(POLL_MS);
  }
}

async function activeKey(service: TokenServiceClient, use: KeyUse): Promise<string | undefined> {
  const { keys } = (await service.call({ do: 'keys' })) as KeysStatus;
  return keys.find(key => key.use === use && key.state === 'active')?.kid;
}
