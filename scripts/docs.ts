/**
 * Writes the pages of docs/ that are made from tables in the sources, so that they cannot be wrong. With --check it
 * writes nothing and fails when a page is not what it would write.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier';
import { EXIT_CODES } from '../src/cli/exit-codes.ts';
import { SERVE_SETTINGS } from '../src/config/serve-settings.ts';
import { environmentName, fileKey, type Setting } from '../src/config/setting.ts';
import { ERROR_CODES } from '../src/platform/errors.ts';
import { METRIC_FAMILIES, type MetricFamily } from '../src/platform/metric-families.ts';
import { METRIC_PREFIX } from '../src/platform/metrics.ts';
import { DIAGNOSTIC_CODES, type DiagnosticCodeEntry } from '../src/resources/diagnostic-codes.ts';
import { REPOSITORY } from './paths.ts';

const NOTICE = '<!-- Made by `npm run docs` from the sources; edit the table there. -->';

/** The pages by file name. */
async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  const pages = { 'configuration.md': configuration(), 'errors.md': errors(), 'metrics.md': metrics() };
  const formatted = Object.entries(pages).map(async ([name, text]) => {
    return [name, await format(text, { parser: 'markdown', printWidth: 110 })] as const;
  });
  return new Map(await Promise.all(formatted));
}

function configuration(): string {
  const settings: readonly Setting[] = Object.values(SERVE_SETTINGS);
  const sections = [...new Set(settings.map(setting => setting.section))];
  return [
    '# Settings of `authplane serve`',
    NOTICE,
    'Flags win over environment variables, these over the settings file, this over the defaults. The file is ' +
      '`authplane.yaml` in the working directory, or the one that `--config` or `AUTHPLANE_CONFIG` names; paths in it ' +
      'are relative to it. An unknown key or variable is an error. Durations carry their unit (`250ms`, `5s`, `30m`), ' +
      'sizes too (`512KiB`, `4MiB`).',
    ...sections.flatMap(section => [
      `## ${section}`,
      table(
        ['Flag', 'Environment', 'File', 'Default', 'Meaning'],
        settings.filter(setting => setting.section === section).map(settingRow),
      ),
    ]),
    '`AUTHPLANE_SERVER` is the default of `--server` for the commands that ask a running authplane.',
  ].join('\n\n');
}

function settingRow(setting: Setting): readonly string[] {
  const isOn = setting.kind === 'boolean' && setting.default === 'true';
  const value = setting.kind === 'boolean' ? '' : ` <${setting.kind}>`;
  const choices = setting.kind === 'choice' ? ` One of ${setting.choices.map(code).join(', ')}.` : '';
  return [
    code(`--${isOn ? 'no-' : ''}${setting.name}${value}`),
    code(environmentName(setting)),
    code(fileKey(setting)),
    setting.default === undefined ? 'unset' : code(setting.default),
    setting.doc + choices,
  ];
}

function errors(): string {
  const diagnostics: readonly (readonly [string, DiagnosticCodeEntry])[] = Object.entries(DIAGNOSTIC_CODES);
  const sorted = diagnostics.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    '# Codes',
    NOTICE,
    'Every message about a snapshot file is `file:line:column severity message [code]`. `authplane explain-code CODE` ' +
      'prints the same as this page, offline. Codes are never reused.',
    '## Diagnostics of snapshot files',
    ...sorted.map(([name, { title, reason, hint }]) => `### ${name}\n\n**${title}.** ${reason}\n\n${hint}`),
    '## Errors',
    'Codes of exceptions, in the log (`error_code`) and behind the exit code of a command.',
    table(
      ['Code', 'Meaning'],
      Object.entries(ERROR_CODES).map(([name, meaning]) => [code(name), meaning]),
    ),
    '## Exit codes',
    table(
      ['Code', 'Meaning'],
      Object.values(EXIT_CODES).map(entry => [String(entry.code), entry.meaning]),
    ),
    'A signal that ends `serve` at once gives 128 plus its number: 130 (SIGINT) or 143 (SIGTERM).',
  ].join('\n\n');
}

function metrics(): string {
  const families: readonly MetricFamily[] = Object.values(METRIC_FAMILIES);
  return [
    '# Metrics',
    NOTICE,
    '`/metrics` of the admin server, in the Prometheus text format. Labels have closed sets of values; of labels ' +
      'that come from snapshot files a fixed number is kept and the rest becomes `other`. Node ids are never labels: ' +
      '`/api/v1/nodes` has them. `process_*` and `nodejs_*` of prom-client are there too.',
    table(
      ['Metric', 'Type', 'Labels', 'Meaning'],
      families.map(family => [
        code(METRIC_PREFIX + family.name),
        family.type,
        Object.entries(family.labels)
          .map(
            ([name, values]) =>
              `${code(name)}: ${'cap' in values ? `at most ${values.cap}` : values.join(', ')}`,
          )
          .join('<br>'),
        family.help,
      ]),
    ),
  ].join('\n\n');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

async function main(): Promise<number> {
  const isCheck = process.argv.includes('--check');
  let stale = 0;
  for (const [name, text] of await generatedPages()) {
    const path = join(REPOSITORY, 'docs', name);
    const current = await readFile(path, 'utf8').catch(() => '');
    if (current === text) continue;
    stale++;
    if (isCheck) console.error(`docs/${name} is stale: npm run docs`);
    else await writeFile(path, text);
  }
  return isCheck && stale > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main();
