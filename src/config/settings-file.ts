import { dirname, resolve } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { parseValue, type SettingValue } from './parse-value.ts';
import { fileKey, type Setting } from './setting.ts';
import { suggestion } from './suggest.ts';

/** A settings file as read. */
export interface SettingsFile {
  readonly path: string;
  readonly text: string;
}

/** What was found in one place: values by the name of their setting, and every problem, one line each. */
export interface FoundSettings {
  readonly values: ReadonlyMap<string, SettingValue>;
  readonly problems: readonly string[];
}

/**
 * Reads authplane.yaml: a mapping of setting names (snake_case) to values. Paths in it are relative to the file.
 * Problems are `file:line:column error message`; unknown keys are problems.
 */
export function readSettingsFile(file: SettingsFile, settings: readonly Setting[]): FoundSettings {
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines, uniqueKeys: true });
  const values = new Map<string, SettingValue>();
  const problems: string[] = [];
  const report = (offset: number, message: string): void => {
    const { line, col } = lines.linePos(offset);
    problems.push(`${file.path}:${line}:${col} error ${message}`);
  };
  for (const error of document.errors) report(error.pos[0], error.message.split('\n')[0] ?? error.message);
  const root: unknown = document.contents;
  if (problems.length > 0 || root === null) return { values, problems };
  if (!isMap(root)) {
    report(0, 'a settings file is a mapping such as `log_level: debug`');
    return { values, problems };
  }
  for (const { key, value } of root.items) {
    const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
    const name = isScalar(key) ? String(key.value) : '';
    const setting = settings.find(candidate => fileKey(candidate) === name);
    if (setting === undefined) {
      report(offset, `unknown setting "${name}"${suggestion(name, settings.map(fileKey))}`);
      continue;
    }
    try {
      values.set(setting.name, readValue(setting, value, dirname(file.path)));
    } catch (thrown) {
      report((isScalar(value) ? value.range?.[0] : undefined) ?? offset, `${name} ${messageOf(thrown)}`);
    }
  }
  return { values, problems };
}

/** @throws AuthplaneError SETTINGS_INVALID */
function readValue(setting: Setting, node: unknown, directory: string): SettingValue {
  const value: unknown = isScalar(node) ? node.value : undefined;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new AuthplaneError('SETTINGS_INVALID', 'must be a single value');
  }
  const parsed = parseValue(setting, String(value));
  return setting.kind === 'path' && typeof parsed === 'string' ? resolve(directory, parsed) : parsed;
}
