import { resolve } from 'node:path';
import { examples } from '../command.ts';
import { addCaOptions, authorityOf, type CaContext, type CaOptions } from './ca-command.ts';

/** `authplane ca init`: makes a root and a CA below it. */
export function registerCaInit({ group, io, run }: CaContext): void {
  const command = group
    .command('init')
    .description('make a CA: a root and a CA below it that issues')
    .option('--name <name>', 'stands in the names of the CAs', 'authplane')
    .addHelpText(
      'after',
      '\nThe directory gets trust.pem (what proxies trust) and revoked.crl (what is revoked), for `trusted_ca` and `crl` of a\n' +
        'trust bundle. Keys are readable by the owner only and, with --passphrase-file, encrypted.\n' +
        examples(
          'authplane ca init --name gitlab --ca-dir ca --passphrase-file /run/credentials/authplane/ca',
        ),
    );
  addCaOptions(command).action(
    run(async (options: CaOptions & { readonly name: string }) => {
      const authority = await authorityOf(options);
      await authority.init(options.name);
      if (options.passphraseFile === undefined) {
        io.stderr('the keys of the CA are not encrypted; --passphrase-file does that\n');
      }
      io.stdout(`${resolve(options.caDir)}\n`);
      return 'ok';
    }),
  );
}
