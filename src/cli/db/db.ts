import type { Command } from 'commander';
import { tokenFilesIn } from '../../composition/token-files.ts';
import { SERVE_SETTINGS } from '../../config/serve-settings.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Database } from '../../storage/database.ts';
import { examples, type CommandContext } from '../command.ts';
import type { CliIo } from '../io.ts';
import { formatTable, outputOption, printData, type OutputFormat } from '../output.ts';
import { addSettingOptions, readSettings } from '../read-settings.ts';
import type { TokenContext } from '../token/token-command.ts';

/** `authplane db …`: the schema of the database. */
export function registerDb({ program, io, run }: CommandContext): void {
  const group = program
    .command('db')
    .description('the database of the token service: state of its schema, migration')
    .addHelpText(
      'after',
      examples('authplane db status', 'authplane db migrate --database-url postgres://db/authplane'),
    );
  registerMigrate({ group, io, run });
  registerStatus({ group, io, run });
}

function registerMigrate({ group, io, run }: TokenContext): void {
  const command = group
    .command('migrate')
    .description('bring the schema to that of this release')
    .addHelpText(
      'after',
      '\nSafe while others do it, too; a schema that a newer release made is left alone (exit code 2).\n' +
        'The embedded database can be migrated only while no authplane uses it.\n' +
        examples('authplane db migrate --database-url postgres://db/authplane'),
    );
  addDatabaseOptions(command).action(
    run(async () => {
      const { migrate } = await import('../../storage/migrate.ts');
      const { readMigrations } = await import('../../storage/migrations.ts');
      await using database = await databaseOf(command, io);
      const done = await migrate(database, await readMigrations());
      io.stdout(
        done.length === 0
          ? 'nothing to do\n'
          : done.map(({ version, name }) => `${version} ${name}\n`).join(''),
      );
      return 'ok';
    }),
  );
}

function registerStatus({ group, io, run }: TokenContext): void {
  const command = group
    .command('status')
    .description('show which migrations the database has')
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText('after', '\nExit code 3: some are missing.\n' + examples('authplane db status -o json'));
  addDatabaseOptions(command).action(
    run(async (options: { readonly output: OutputFormat }) => {
      const { migrationStatus } = await import('../../storage/migrate.ts');
      const { readMigrations } = await import('../../storage/migrations.ts');
      await using database = await databaseOf(command, io);
      const status = await migrationStatus(database, await readMigrations());
      const rows = status.map(({ version, name, appliedAt }) => ({
        version,
        name,
        applied: appliedAt?.toISOString() ?? null,
      }));
      await printData(io, options.output, rows, () =>
        formatTable(
          ['VERSION', 'NAME', 'APPLIED'],
          rows.map(({ version, name, applied }) => [String(version), name, applied ?? '-']),
        ),
      );
      return rows.some(({ applied }) => applied === null) ? 'differences' : 'ok';
    }),
  );
}

function addDatabaseOptions(command: Command): Command {
  return addSettingOptions(command, [SERVE_SETTINGS.stateDirectory, SERVE_SETTINGS.databaseUrl]);
}

async function databaseOf(command: Command, io: CliIo): Promise<Database> {
  const { stateDirectory, databaseUrl } = await readSettings(command, io);
  const { openDatabase } = await import('../../storage/open-database.ts');
  const url = databaseUrl === '' ? undefined : databaseUrl;
  return openDatabase({ url, directory: tokenFilesIn(stateDirectory).database }, systemClock);
}
