import { join, resolve } from 'node:path';
import { AUTHORITY_FILES } from '../../authority/authority-directory.ts';
import { examples } from '../command.ts';
import { addCaOptions, authorityOf, type CaContext, type CaOptions } from './ca-command.ts';

/** `authplane ca revoke NAME`: puts all certificates of a name on the revocation list. */
export function registerCaRevoke({ group, io, run }: CaContext): void {
  const command = group
    .command('revoke')
    .description('revoke every certificate of a name that has not expired')
    .argument('<name>', 'what the CA calls it')
    .addHelpText(
      'after',
      '\nThe files of the certificate stay where they are, and it is not renewed any more. `ca issue` makes a new one.\n' +
        examples('authplane ca revoke edge-1'),
    );
  addCaOptions(command).action(
    run(async (name: string, options: CaOptions) => {
      const revoked = await (await authorityOf(options)).revoke(name);
      for (const { serialNumber } of revoked) io.stdout(`${serialNumber}\n`);
      return 'ok';
    }),
  );
}

/** `authplane ca crl`: writes the revocation lists anew. */
export function registerCaCrl({ group, io, run }: CaContext): void {
  const command = group
    .command('crl')
    .description('write the revocation lists again, valid from now')
    .addHelpText('after', examples('authplane ca crl --ca-dir ca'));
  addCaOptions(command).action(
    run(async (options: CaOptions) => {
      const { lists } = await (await authorityOf(options)).writeLists();
      io.stderr(`valid until ${new Date(lists?.untilMs ?? 0).toISOString()}\n`);
      io.stdout(`${resolve(join(options.caDir, AUTHORITY_FILES.lists))}\n`);
      return 'ok';
    }),
  );
}
