import { join } from 'node:path';
import { expect } from 'chai';
import { Child } from '../../scripts/child-process.ts';
import { REPOSITORY } from '../../scripts/paths.ts';
import { runCli } from '../support/cli.ts';
import { clusterFile, writeFiles } from '../support/snapshot-files.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

/** `authplane serve` as a process of its own. */
function start(directory: string, ...flags: readonly string[]): Child {
  const addresses = ['--xds-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];
  const drain = ['--drain-delay', '0s', '--drain-spread', '0s'];
  const main = join(REPOSITORY, 'src/main.ts');
  return Child.start(process.execPath, [main, 'serve', ...addresses, ...drain, ...flags], { cwd: directory });
}

describe('authplane serve', () => {
  it('prints one ready line on stdout, JSON lines on stderr, and ends with 0 on SIGTERM', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'snapshots/a.yaml': clusterFile('a') });
    await using child = start(directory.path);
    await waitFor('the ready line', () => child.stdout.length > 0);
    expect(child.stdout[0]).to.match(
      /^authplane ready xds=127\.0\.0\.1:\d+ admin=127\.0\.0\.1:\d+ groups=1 resources=1$/,
    );
    await writeFiles(directory.path, { 'snapshots/b.yaml': clusterFile('b') });
    child.signal('SIGHUP');
    await waitFor(
      'the second load',
      () => child.stderr.filter(line => line.includes('snapshot.loaded')).length === 2,
    );
    child.signal('SIGTERM');
    expect(await child.exited).to.include({ code: 0, signal: null });
    expect(child.stdout).to.have.length(1);
    for (const line of child.stderr)
      expect(JSON.parse(line)).to.include.keys(['level', 'time', 'event', 'msg']);
  });

  it('ends at once with 143 on a second SIGTERM', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'snapshots/a.yaml': clusterFile('a') });
    await using child = start(directory.path, '--drain-delay', '20s');
    await waitFor('the ready line', () => child.stdout.length > 0);
    child.signal('SIGTERM');
    await waitFor('the drain', () => child.stderr.some(line => line.includes('process.stopping')));
    child.signal('SIGTERM');
    expect((await child.exited).code).to.equal(143);
  });

  it('stays up, not ready, without a valid snapshot, and ends with 2 only with --fail-fast', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'snapshots/a.yaml': 'clusters: [{name: a, bogus: 1}]' });
    await using patient = start(directory.path);
    await waitFor('the addresses', () => patient.stderr.some(line => line.includes('process.listening')));
    expect(patient.stderr.join('\n')).to.contain('a.yaml:1:');
    expect(patient.stdout).to.deep.equal([]);
    await patient.stop();
    const hasty = start(directory.path, '--fail-fast');
    expect((await hasty.exited).code).to.equal(2);
    expect(hasty.stdout).to.deep.equal([]);
  });

  it('reads authplane.yaml of the working directory, or refuses it with 2', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, {
      'authplane.yaml': 'snapshots: elsewhere\n',
      'elsewhere/a.yaml': clusterFile('a'),
    });
    await using child = start(directory.path);
    await waitFor('the ready line', () => child.stdout.some(line => line.includes('resources=1')));
    await child.stop();
    await writeFiles(directory.path, { 'authplane.yaml': 'snapshot: elsewhere\n' });
    const options = { workingDirectory: directory.path };
    const { code, stdout, stderr } = await runCli(['serve'], options);
    expect(code).to.equal(2);
    expect(stdout).to.equal('');
    expect(stderr).to.match(
      /authplane\.yaml:1:1 error unknown setting "snapshot" \(did you mean "snapshots"\?\)/,
    );
    expect((await runCli(['serve', '--config', 'missing.yaml'], options)).code).to.equal(2);
  });

  it('ends with 64 on flags that are wrong, and names them', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['--node-identity', 'spifee'], /--node-identity is "spifee" but must be one of none, spiffe, dns/],
      [['--drain-delay', '5'], /--drain-delay is "5" but must be a duration/],
      [['--snapshot', 'x'], /Did you mean --snapshots\?/],
      [['surplus'], /too many arguments/],
    ];
    for (const [flags, message] of cases) {
      const { code, stderr } = await runCli(['serve', ...flags]);
      expect(code, flags.join(' ')).to.equal(64);
      expect(stderr).to.match(message);
    }
  });

  it('refuses unknown variables, and lets flags undo booleans of the environment', async () => {
    const unknown = await runCli(['serve'], { environment: { AUTHPLANE_DRAIN_DELY: '1s' } });
    expect(unknown.code).to.equal(2);
    expect(unknown.stderr).to.contain('did you mean "AUTHPLANE_DRAIN_DELAY"?');
    const conflict = ['--xds-tls-cert', 'a', '--no-shrink-guard', '--no-fail-fast'];
    const { code, stderr } = await runCli(['serve', ...conflict], {
      environment: { AUTHPLANE_FAIL_FAST: 'true' },
    });
    expect(code).to.equal(2);
    expect(stderr).to.contain('must be set together');
  });

  it('shows settings by section in its help', async () => {
    const { stdout } = await runCli(['serve', '--help']);
    for (const section of ['Files:', 'xDS server:', 'Admin server:', 'Limits:'])
      expect(stdout).to.contain(section);
    expect(stdout).to.contain('--no-shrink-guard').and.to.contain('--fail-fast');
    expect(stdout).not.to.match(/^ +--shrink-guard|--no-fail-fast/m);
  });

  it('runs as a bin: the file is executable and finds Node by its first line', async () => {
    const child = Child.start(join(REPOSITORY, 'src/main.ts'), ['version'], {
      env: { PATH: `${join(REPOSITORY, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` },
    });
    expect((await child.exited).code).to.equal(0);
    expect(child.stdout[0]).to.match(/^authplane \d/);
  });
}).timeout(20_000);
