import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { conflictsOf, SERVE_SETTINGS, type ServeSettings } from '../config/serve-settings.ts';
import type { Setting } from '../config/setting.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { isMissing } from '../platform/read-if-there.ts';
import type { CliIo } from './io.ts';

/** Adds settings of `serve` to a command, and `--config`. */
export function addSettingOptions(command: Command, settings: readonly Setting[]): Command {
  command.option(
    '--config <file>',
    'settings file (default: authplane.yaml in the working directory, if there)',
  );
  for (const setting of settings) for (const option of optionsOf(setting)) command.addOption(option);
  return command;
}

/** The settings as `serve` would have them with the flags of this command. @throws AuthplaneError SETTINGS_INVALID, USAGE */
export async function readSettings(command: Command, io: CliIo): Promise<ServeSettings> {
  const { loadSettings } = await import('../config/load-settings.ts');
  const flags: Record<string, string> = {};
  for (const setting of Object.values(SERVE_SETTINGS)) {
    const attribute = new Option(`--${setting.name}`).attributeName();
    if (command.getOptionValueSource(attribute) !== 'cli') continue;
    flags[setting.name] = String(command.getOptionValue(attribute));
  }
  const chosen: unknown = command.getOptionValue('config') ?? io.environment['AUTHPLANE_CONFIG'];
  const file = await readSettingsFile(io, typeof chosen === 'string' ? chosen : undefined);
  return loadSettings(SERVE_SETTINGS, { flags, environment: io.environment, file }, conflictsOf);
}

function optionsOf(setting: Setting): readonly Option[] {
  const group = `${setting.section}:`;
  if (setting.kind !== 'boolean') {
    const value =
      setting.default === undefined || setting.default === '' ? '' : ` (default: ${setting.default})`;
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
