import type { CommandContext } from './command.ts';
import { examples } from './command.ts';
import { outputOption, printData, type OutputFormat } from './output.ts';

/** `authplane version`. */
export function registerVersion({ program, io, run }: CommandContext): void {
  program
    .command('version')
    .description('print the version')
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText('after', examples('authplane version', 'authplane version -o json'))
    .action(
      run(async (options: { readonly output: OutputFormat }) => {
        const { packageVersion } = await import('../platform/package-version.ts');
        const value = { version: packageVersion(), node: process.version, envoy_api: '1.40' };
        await printData(io, options.output, value, () => `authplane ${value.version}\n`);
        return 'ok';
      }),
    );
}
