// Finds the PostgreSQL programs that tests start a server with, installing Debian's package when the machine has none.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, glob, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PROGRAMS = ['initdb', 'postgres', 'pg_ctl'];
const DEBIAN = '/usr/lib/postgresql/*/bin';

/**
 * The directory of `initdb` and `postgres`: `$POSTGRES_BIN`, else the newest of Debian's packages, which is installed when there is none.
 * @throws an Error that says what to do.
 */
export async function ensurePostgres(
  note: (text: string) => void = text => console.error(text),
): Promise<string> {
  const chosen = process.env['POSTGRES_BIN'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const found = await findInstalled();
  if (found !== undefined) return found;
  note("installing Debian's postgresql (once)");
  await install();
  const installed = await findInstalled();
  if (installed === undefined) throw new Error(`no PostgreSQL in ${DEBIAN} after installing it; ${ADVICE}`);
  return installed;
}

const ADVICE = 'install postgresql, or set POSTGRES_BIN to the directory of initdb and postgres';

async function findInstalled(): Promise<string | undefined> {
  const directories: string[] = [];
  for await (const directory of glob(DEBIAN)) directories.push(directory);
  directories.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  for (const directory of directories.reverse()) {
    const checks = PROGRAMS.map(name => access(join(directory, name), constants.X_OK));
    if ((await Promise.allSettled(checks)).every(({ status }) => status === 'fulfilled')) return directory;
  }
  return undefined;
}

/** Without the cluster that the package would make and start by itself. */
async function install(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error(`PostgreSQL is missing; ${ADVICE}`);
  await mkdir('/etc/postgresql-common', { recursive: true });
  await writeFile('/etc/postgresql-common/createcluster.conf', 'create_main_cluster = false\n', {
    flag: 'wx',
  }).catch(() => undefined);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'postgresql'], { env });
  } catch (thrown) {
    throw new Error(`PostgreSQL could not be installed; ${ADVICE}`, { cause: thrown });
  }
}
