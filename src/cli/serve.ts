import { SERVE_SETTINGS } from '../config/serve-settings.ts';
import { examples, type CommandContext } from './command.ts';
import { addSettingOptions, readSettings } from './read-settings.ts';

/** `authplane serve`: the control plane itself. */
export function registerServe({ program, io, run }: CommandContext): void {
  const command = program
    .command('serve')
    .description('serve the snapshot directory to Envoys over xDS')
    .addHelpText(
      'after',
      '\nEvery setting can also be set by environment (AUTHPLANE_DRAIN_DELAY=5s) or in the settings file\n' +
        '(drain_delay: 5s); flags win over the environment, the environment over the file.\n' +
        'When it is ready it prints one line: authplane ready xds=HOST:PORT admin=HOST:PORT groups=N resources=N\n' +
        'SIGHUP reads the snapshots again; SIGTERM drains and stops.\n' +
        examples(
          'authplane serve --snapshots snapshots --state-dir /var/lib/authplane',
          'authplane serve --xds-address 0.0.0.0:18000 --xds-tls-cert tls.pem --xds-tls-key tls.key --xds-tls-client-ca ca.pem',
        ),
    );
  addSettingOptions(command, Object.values(SERVE_SETTINGS));
  command.action(
    run(async () => {
      const settings = await readSettings(command, io);
      const { serve } = await import('./run-server.ts');
      return serve(settings, io);
    }),
  );
}
