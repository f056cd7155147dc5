import { Argument } from 'commander';
import { SERVE_SETTINGS } from '../config/serve-settings.ts';
import { examples, type CommandContext } from './command.ts';

interface Options {
  readonly stateDir: string;
}

/** `authplane confirm HASH`: lets a load through that the shrink guard holds back. */
export function registerConfirm({ program, io, run }: CommandContext): void {
  program
    .command('confirm')
    .description('accept a load that the shrink guard holds back')
    .addArgument(new Argument('<hash>', 'the hash that serve printed and status shows'))
    .option(
      '--state-dir <path>',
      'state directory of the running authplane',
      SERVE_SETTINGS.stateDirectory.default,
    )
    .addHelpText(
      'after',
      '\nThe guard refuses a load that removes very much at once, because that is what an unmounted disk or a half\n' +
        'finished copy looks like. The confirmation holds for exactly the files with this hash and is used up by them.\n' +
        examples('authplane confirm 5f1c… --state-dir /var/lib/authplane'),
    )
    .action(
      run(async (hash: string, options: Options) => {
        const { confirmShrink } = await import('../store/shrink-confirmation.ts');
        await confirmShrink(options.stateDir, hash);
        io.stderr(`confirmed; a running authplane takes the load within seconds\n`);
        return 'ok';
      }),
    );
}
