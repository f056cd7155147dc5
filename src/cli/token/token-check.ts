import { resolve } from 'node:path';
import { loadSchema } from '../../compiler/schema/registry.ts';
import { systemClock } from '../../platform/clock.ts';
import { readDescriptorImage } from '../../platform/descriptor-image.ts';
import { examples } from '../command.ts';
import type { TokenContext } from './token-command.ts';

/** `authplane token check` */
export function registerTokenCheck({ group, io, run }: TokenContext): void {
  group
    .command('check')
    .description('check the file of the token service, as serve does')
    .argument('<file>', 'what --token-config would name')
    .addHelpText('after', '\nExit code 2: it has errors.\n' + examples('authplane token check tokens.yaml'))
    .action(
      run(async (file: string) => {
        const { TokenConfigSource } = await import('../../token-service/token-config-source.ts');
        const source = new TokenConfigSource(
          {
            schema: loadSchema(readDescriptorImage()),
            clock: systemClock,
            observer: { loaded: () => undefined, refused: () => undefined },
          },
          { path: resolve(io.workingDirectory, file) },
        );
        await source.start();
        const { clients, exchanges, trustedIssuers } = source.config;
        await source.stop();
        io.stdout(
          `${file}: ${clients.size} clients, ${trustedIssuers.size} trusted issuers, ${exchanges.length} exchanges\n`,
        );
        return 'ok';
      }),
    );
}
