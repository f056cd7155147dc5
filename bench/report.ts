import { formatTable } from '../src/cli/output.ts';

/** Figures under the key of their column: numbers in the unit that the key names (`reloadMs`), text for what they are of. */
export type Figures = Readonly<Record<string, number | string>>;

/** One column of a table. */
export interface Column {
  readonly key: string;
  /** With the unit that `format` prints. */
  readonly title: string;
  readonly format?: (value: number) => string;
}

/** One table of the report. */
export interface Section {
  /** Names the section in the JSON file. */
  readonly name: string;
  readonly title: string;
  /** What is measured, in a sentence or two. */
  readonly note: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Figures[];
}

/** A section as text. Columns with a `format` are flush right; a figure that a row lacks is `-`. */
export function formatSection(section: Section): string {
  const cells = section.rows.map(row => section.columns.map(column => formatCell(column, row[column.key])));
  const widths = section.columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map(row => (row[index] ?? '').length)),
  );
  const align = (row: readonly string[]): string[] =>
    row.map((cell, index) =>
      section.columns[index]?.format === undefined ? cell : cell.padStart(widths[index] ?? 0),
    );
  const table = formatTable(align(section.columns.map(({ title }) => title)), cells.map(align));
  return `${section.title}\n${section.note}\n\n${table}`;
}

function formatCell(column: Column, value: number | string | undefined): string {
  if (value === undefined) return '-';
  return typeof value === 'number' ? (column.format ?? String)(value) : value;
}

/** `1,234`. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** About three digits: `0.123`, `1.23`, `12.3`, `1,234`. */
export function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return whole(value);
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** `12x`. */
export function times(value: number): string {
  return `${threeDigits(value)}x`;
}

/** Bytes as MiB. */
export function mebibytes(bytes: number): string {
  return threeDigits(bytes / 1024 / 1024);
}

/** Bytes as KiB. */
export function kibibytes(bytes: number): string {
  return threeDigits(bytes / 1024);
}
