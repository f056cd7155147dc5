import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { conflictsOf, SERVE_SETTINGS, type ServeSettings } from '../config/serve-settings.ts';
import type { Setting } from '../config/setting.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { isMissing } from '../platform/read-if-there.ts';
import { examples, type CommandContext } from './command.ts';
import type { CliIo } from './io.ts';

const SETTINGS: readonly Setting[] = Object.values(SERVE_SETTINGS);

/** `authplane serve`: the control plane itself. */
export function registerServe({ program, io, run }: CommandContext): void {
  const command = program
    .command('serve')
    .description('serve the snapshot directory to Envoys over xDS')
    .option('--config <file>', 'settings file (default: authplane.yaml in the working directory, if there)')
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
  for (const setting of SETTINGS) for (const option of optionsOf(setting)) command.addOption(option);
  command.action(
    run(async () => {
      const settings = await readSettings(command, io);
      const { serve } = await import('./run-server.ts');
      return serve(settings, io);
    }),
  );
}

function optionsOf(setting: Setting): readonly Option[] {
  const group = `${setting.section}:`;
  if (setting.kind !== 'boolean') {
    const value = setting.default === undefined ? '' : ` (default: ${setting.default})`;
    const choices = setting.kind === 'choice' ? ` One of ${setting.choices.join(', ')}.` : '';
    const option = new Option(`--${setting.name} <${setting.kind}>`, `${setting.doc}${choices}${value}`);
    return [option.helpGroup(group)];
  }
  const isOn = setting.default === 'true';
  // Both forms exist, so that a flag can undo what the environment or the file says.
  const on = new Option(`--${setting.name}`, setting.doc).hideHelp(isOn).helpGroup(group);
  const off = new Option(`--no-${setting.name}`, `Turn off: ${setting.doc}`).hideHelp(!isOn).helpGroup(group);
  return [on, off];
}

async function readSettings(command: Command, io: CliIo): Promise<ServeSettings> {
  const { loadSettings } = await import('../config/load-settings.ts');
  const flags: Record<string, string> = {};
  for (const setting of SETTINGS) {
    const attribute = new Option(`--${setting.name}`).attributeName();
    if (command.getOptionValueSource(attribute) !== 'cli') continue;
    flags[setting.name] = String(command.getOptionValue(attribute));
  }
  const chosen: unknown = command.getOptionValue('config') ?? io.environment['AUTHPLANE_CONFIG'];
  const file = await readSettingsFile(io, typeof chosen === 'string' ? chosen : undefined);
  return loadSettings(SERVE_SETTINGS, { flags, environment: io.environment, file }, conflictsOf);
}

async function readSettingsFile(
  io: CliIo,
  chosen: string | undefined,
): Promise<{ readonly path: string; readonly text: string } | undefined> {
  const path = resolve(io.workingDirectory, chosen ?? 'authplane.yaml');
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (thrown) {
    if (isMissing(thrown) && chosen === undefined) return undefined;
    throw new AuthplaneError('SETTINGS_INVALID', `settings file: ${messageOf(thrown)}`, { cause: thrown });
  }
}
