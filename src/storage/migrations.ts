import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AuthplaneError } from '../platform/errors.ts';

/** One step of the schema. */
export interface Migration {
  /** 1, 2, 3, … */
  readonly version: number;
  /** Of the file, without number and ending. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly checksum: string;
}

const DIRECTORY = fileURLToPath(new URL('migrations', import.meta.url));

/** The migrations that this authplane has, in order. @throws AuthplaneError INTERNAL when a number is missing or there twice. */
export async function readMigrations(directory: string = DIRECTORY): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter(name => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(names.map(name => readMigration(directory, name)));
  migrations.forEach(({ version }, index) => {
    if (version !== index + 1) throw new AuthplaneError('INTERNAL', `migration ${index + 1} is missing`);
  });
  return migrations;
}

async function readMigration(directory: string, file: string): Promise<Migration> {
  const sql = await readFile(join(directory, file), 'utf8');
  const [, number = '', name = file] = /^(\d+)-(.+)\.sql$/.exec(file) ?? [];
  const checksum = createHash('sha256').update(sql).digest('hex');
  return { version: Number(number), name, sql, checksum };
}
