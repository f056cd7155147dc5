import { setTimeout as sleep } from 'node:timers/promises';
import type { Authority } from '../../authority/authority.ts';
import {
  abortRotation,
  advanceRotation,
  startRotation,
  type RotationResult,
} from '../../authority/rotate-authority.ts';
import { AuthplaneError } from '../../platform/errors.ts';
import { examples } from '../command.ts';
import type { ExitName } from '../exit-codes.ts';
import type { CliIo } from '../io.ts';
import {
  addCaOptions,
  addServersOption,
  authorityOf,
  servedSecrets,
  type CaContext,
  type CaOptions,
  type ServersOptions,
} from './ca-command.ts';
import { rotationText } from './ca-status.ts';
import { parseLifetime } from './lifetime.ts';

interface Options extends CaOptions, ServersOptions {
  readonly wait?: true;
  readonly timeout: number;
  readonly force?: string;
  readonly abort?: true;
}

const POLL_MS = 500;

/** `authplane ca rotate`: a new root, stage by stage. */
export function registerCaRotate({ group, io, run }: CaContext): void {
  const command = group
    .command('rotate')
    .description('replace the root: begin, or go to the next stage when every proxy is ready for it')
    .option('--wait', 'go through all stages, waiting for the proxies')
    .option('--timeout <time>', 'how long to wait', parseLifetime, 3_600_000)
    .option('--force <reason>', 'go on although somebody holds it up; the reason is kept')
    .option('--abort', 'go back to the old root')
    .addHelpText(
      'after',
      '\nStages: distributing (the new root is trusted beside the old one), issuing (certificates come from it),\n' +
        'withdrawing (the old root is not trusted any more). authplane is asked which proxies have accepted what; a stage\n' +
        'begins when nobody holds it up. Exit code 4: somebody does.\n' +
        'What is not served by authplane (its own --xds-tls-client-ca, bootstrap files) must trust trust.pem too.\n' +
        examples('authplane ca rotate', 'authplane ca rotate --wait --server http://a:19000 http://b:19000'),
    );
  addServersOption(addCaOptions(command), io).action(
    run(async (options: Options) => {
      const authority = await authorityOf(options);
      if (options.abort === true) return report(io, await abortRotation(authority));
      return options.wait === true ? rotateFully(authority, options, io) : step(authority, options, io);
    }),
  );
}

async function step(authority: Authority, options: Options, io: CliIo): Promise<ExitName> {
  const { rotation } = await authority.read();
  if (rotation === undefined) return report(io, await startRotation(authority, Date.now()));
  // By force it goes on without an authplane to ask.
  const served = await servedSecrets(options).catch((thrown: unknown) => {
    if (options.force === undefined) throw thrown;
    return [];
  });
  return report(io, await advanceRotation(authority, served, Date.now(), options.force));
}

async function rotateFully(authority: Authority, options: Options, io: CliIo): Promise<ExitName> {
  const deadlineMs = Date.now() + options.timeout;
  let told = '';
  const tell = (result: RotationResult): void => {
    const text = rotationText(result.rotation?.stage, result.holders);
    if (text !== told) io.stderr(text);
    told = text;
  };
  if ((await authority.read()).rotation === undefined) tell(await startRotation(authority, Date.now()));
  for (;;) {
    const result = await advanceRotation(authority, await servedSecrets(options), Date.now());
    tell(result);
    if (result.rotation === undefined) return 'ok';
    if (Date.now() > deadlineMs) throw new AuthplaneError('UNREACHABLE', 'the rotation was not done in time');
    await sleep(POLL_MS);
  }
}

function report(io: CliIo, { rotation, holders }: RotationResult): ExitName {
  io.stdout(rotationText(rotation?.stage, holders));
  return holders.length > 0 ? 'notInSync' : 'ok';
}
