import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { runCli } from '../support/cli.ts';
import { clusterFile, writeFiles } from '../support/snapshot-files.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('authplane validate', () => {
  it('accepts good files, with the verdict on stderr and nothing on stdout', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, {
      'a.yaml': clusterFile('a', 'edge'),
      'sub/b.yaml': clusterFile('b', 'core'),
    });
    const { code, stdout, stderr } = await runCli(['validate', directory.path]);
    expect(code).to.equal(0);
    expect(stdout).to.equal('');
    expect(stderr).to.equal('0 errors, 0 warnings in 2 files (2 node groups, 2 resources)\n');
  });

  it('lists every error with place, code and hint, and ends with 2', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, {
      'a.yaml': `${clusterFile('a')}  connect_timeot: 1s\n`,
      'b.yaml': 'clusters: [\n',
      'c.yaml': clusterFile('c'),
    });
    const { code, stderr } = await runCli(['validate', directory.path]);
    expect(code).to.equal(2);
    expect(stderr).to.match(/^a\.yaml:10:3 error .*connect_timeot.* \[AP1101\]\n {4}\S/m);
    expect(stderr).to.match(/^b\.yaml:\d+:\d+ error .* \[AP1001\]/m);
    expect(stderr).to.match(/\d+ errors, 0 warnings in 3 files/);
  });

  it('prints data on stdout with -o json, errors included', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'a.yaml': 'clusters: [{name: a, typ: STATIC}]\n' });
    const { code, stdout, stderr } = await runCli(['validate', directory.path, '-o', 'json']);
    expect(code).to.equal(2);
    expect(stderr).to.equal('');
    const result = JSON.parse(stdout) as { ok: boolean; diagnostics: Record<string, unknown>[] };
    expect(result.ok).to.equal(false);
    expect(result.diagnostics[0]).to.include({ file: 'a.yaml', line: 1, severity: 'error', code: 'AP1101' });
    expect(result.diagnostics[0]).to.have.keys([
      'file',
      'line',
      'column',
      'severity',
      'code',
      'message',
      'hint',
      'path',
    ]);
  });

  it('takes one file by itself', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'a.yaml': clusterFile('a'), 'b.yaml': 'x: [' });
    const { code, stderr } = await runCli(['validate', join(directory.path, 'a.yaml')]);
    expect(stderr).to.contain('in 1 file ');
    expect(code).to.equal(0);
  });

  it('refuses a path that does not exist or holds no snapshot file', async () => {
    await using directory = await temporaryDirectory();
    expect(await runCli(['validate', join(directory.path, 'nothing')])).to.include({ code: 2, stdout: '' });
    const empty = await runCli(['validate', directory.path]);
    expect(empty.code).to.equal(2);
    expect(empty.stderr).to.contain('there is no snapshot file');
  });

  it('says what to do when there is no Envoy to ask', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'a.yaml': clusterFile('a') });
    const environment = { PATH: directory.path };
    const { code, stderr } = await runCli(['validate', directory.path, '--envoy'], { environment });
    expect(code).to.equal(1);
    expect(stderr).to.contain('set ENVOY or --envoy-binary');
  });

  it('reports what Envoy refuses at the resource that it names, and leaves no configuration behind', async () => {
    await using directory = await temporaryDirectory();
    await using tools = await temporaryDirectory();
    await writeFiles(directory.path, {
      'a.yaml': clusterFile('alpha'),
      'b.yaml': clusterFile('beta', 'edge'),
    });
    const envoy = join(tools.path, 'envoy');
    const script = `#!/bin/sh
for file; do :; done
echo "$file" >> '${tools.path}/seen'
case "$(cat "$file")" in *beta*) ;; *) exit 0 ;; esac
echo "[2026-01-01 00:00:00.000][1][critical][main] [source/server.cc:1] error initializing configuration '$file': cluster 'beta': no" >&2
echo "[2026-01-01 00:00:00.000][1][info][main] [source/server.cc:2] exiting" >&2
exit 1
`;
    await writeFile(envoy, script, { mode: 0o755 });
    const { code, stderr } = await runCli(['validate', directory.path, '--envoy'], {
      environment: { PATH: tools.path },
    });
    expect(code).to.equal(2);
    expect(stderr).to.match(/^b\.yaml:3:3 error Envoy refuses it: cluster 'beta': no \[AP1801\]$/m);
    const seen = (await readFile(join(tools.path, 'seen'), 'utf8')).trim().split('\n');
    expect(seen).to.have.length(2);
    for (const path of seen) expect(existsSync(dirname(path)), path).to.equal(false);
  });

  it('does not read a directory named like a snapshot file', async () => {
    await using directory = await temporaryDirectory();
    await mkdir(join(directory.path, 'odd.yaml'));
    const { code, stderr } = await runCli(['validate', directory.path]);
    expect(code).to.equal(2);
    expect(stderr).to.match(/^odd\.yaml:1:1 error .* \[AP1004\]$/m);
  });
});
