import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { parseValue, type SettingValue } from './parse-value.ts';
import type { Setting, ValuesOf } from './setting.ts';
import { readEnvironment } from './settings-environment.ts';
import { readSettingsFile, type SettingsFile } from './settings-file.ts';

/** Where settings come from, strongest first. */
export interface SettingSources {
  /** Flags by name without dashes, as text: `{ 'drain-delay': '5s' }`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file: SettingsFile | undefined;
}

/**
 * Flags over environment over file over defaults.
 * @throws AuthplaneError USAGE for a flag's value, SETTINGS_INVALID for the rest; the message lists every problem,
 *   one per line.
 */
export function loadSettings<const Table extends Readonly<Record<string, Setting>>>(
  table: Table,
  sources: SettingSources,
  conflictsOf: (values: ValuesOf<Table>) => readonly string[] = () => [],
): ValuesOf<Table> {
  const settings = Object.values(table);
  const flags = readFlags(sources.flags, settings);
  const environment = readEnvironment(sources.environment, settings);
  const file = sources.file === undefined ? undefined : readSettingsFile(sources.file, settings);
  const problems = [...environment.problems, ...(file?.problems ?? [])];
  if (problems.length > 0) throw new AuthplaneError('SETTINGS_INVALID', problems.join('\n'));
  const values: Record<string, SettingValue | undefined> = {};
  for (const [key, setting] of Object.entries(table)) {
    values[key] =
      flags.get(setting.name) ??
      environment.values.get(setting.name) ??
      file?.values.get(setting.name) ??
      (setting.default === undefined ? undefined : parseValue(setting, setting.default));
  }
  const complete = values as ValuesOf<Table>;
  const conflicts = conflictsOf(complete);
  if (conflicts.length > 0) {
    throw new AuthplaneError('SETTINGS_INVALID', conflicts.map(conflict => `error ${conflict}`).join('\n'));
  }
  return complete;
}

function readFlags(
  flags: Readonly<Record<string, string>>,
  settings: readonly Setting[],
): Map<string, SettingValue> {
  const values = new Map<string, SettingValue>();
  const problems: string[] = [];
  for (const setting of settings) {
    const text = flags[setting.name];
    if (text === undefined) continue;
    try {
      values.set(setting.name, parseValue(setting, text));
    } catch (thrown) {
      problems.push(`error --${setting.name} ${messageOf(thrown)}`);
    }
  }
  if (problems.length > 0) throw new AuthplaneError('USAGE', problems.join('\n'));
  return values;
}
