import { examples } from '../command.ts';
import { addCaOptions, authorityOf, type CaContext, type CaOptions } from './ca-command.ts';

/** `authplane ca renew`: everything that is past half of its life, once. */
export function registerCaRenew({ group, io, run }: CaContext): void {
  const command = group
    .command('renew')
    .description('issue again what is past half of its life: certificates, the issuing CA, revocation lists')
    .option('--all', 'issue everything again')
    .addHelpText(
      'after',
      '\nFor cron or a systemd timer. `authplane serve --ca-dir` does the same every minute.\n' +
        examples('authplane ca renew --ca-dir ca'),
    );
  addCaOptions(command).action(
    run(async (options: CaOptions & { readonly all?: true }) => {
      const authority = await authorityOf(options);
      const { renewed, newIssuer, newLists } = await authority.renew(options.all === true);
      for (const name of renewed) io.stdout(`${name}\n`);
      if (newIssuer) io.stderr('the CA that issues is renewed\n');
      if (newLists) io.stderr('the revocation lists are renewed\n');
      if (renewed.length === 0 && !newIssuer && !newLists) io.stderr('nothing is due\n');
      return 'ok';
    }),
  );
}
