import { Option } from 'commander';
import type { CliIo } from './io.ts';

/** How a command prints its data. */
export type OutputFormat = 'table' | 'json' | 'yaml';

/** `-o, --output`. */
export function outputOption(formats: readonly OutputFormat[], byDefault: OutputFormat): Option {
  return new Option('-o, --output <format>', 'how data is printed').choices(formats).default(byDefault);
}

/** Rows of cells under a header; columns are as wide as their widest cell. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map(row => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`;
  return [header, ...rows].map(line).join('');
}

/** Prints data on stdout. `value` must be plain JSON. */
export async function printData(
  io: CliIo,
  format: OutputFormat,
  value: unknown,
  table: () => string,
): Promise<void> {
  switch (format) {
    case 'table':
      io.stdout(table());
      break;
    case 'json':
      io.stdout(`${JSON.stringify(value, null, 2)}\n`);
      break;
    case 'yaml': {
      const { stringify } = await import('yaml');
      io.stdout(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
      break;
    }
  }
}
