import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { runCli } from '../support/cli.ts';

describe('authplane', () => {
  it('lists its commands and exit codes on --help', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    expect(code).to.equal(0);
    expect(stderr).to.equal('');
    for (const command of [
      'serve',
      'validate',
      'compile',
      'schema',
      'bootstrap',
      'status',
      'confirm',
      'explain-code',
    ]) {
      expect(stdout).to.match(new RegExp(`^  ${command} `, 'm'));
    }
    for (const { meaning } of Object.values(EXIT_CODES)) expect(stdout).to.contain(meaning);
  });

  it('shows examples in the help of every command', async () => {
    const { stdout } = await runCli(['--help']);
    const names = [...stdout.matchAll(/^ {2}([a-z-]+) (?=\[|<| )/gm)].map(match => match[1] ?? '');
    expect(names).to.have.length.greaterThan(9);
    for (const name of names.filter(candidate => candidate !== 'help')) {
      const help = await runCli([name, '--help']);
      expect(help.code, name).to.equal(0);
      expect(help.stdout, name).to.contain('Examples:\n  ');
    }
  });

  it('ends with 64 and a suggestion on a wrong command line, with nothing on stdout', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /Usage: authplane/],
      [['serv'], /Did you mean serve\?/],
      [['validate', '--envoyy'], /Did you mean --envoy\?/],
      [['validate', '-o', 'xml'], /Allowed choices are table, json, yaml/],
      [['compile'], /--node-id/],
      [['compile', '--node-id', 'a', '--node-metadata', '[]'], /must be a JSON object/],
      [['explain-code', 'AP9999'], /there is no code AP9999/],
      [['completion', 'powershell'], /Allowed choices are bash, zsh, fish/],
    ];
    for (const [argv, message] of cases) {
      const { code, stdout, stderr } = await runCli(argv);
      expect(code, argv.join(' ')).to.equal(64);
      expect(stderr).to.match(message);
      expect(stdout).to.equal('');
    }
  });

  it('prints its version as text and as data', async () => {
    expect((await runCli(['version'])).stdout).to.match(/^authplane \d+\.\d+\.\d+\n$/);
    const { stdout } = await runCli(['version', '-o', 'json']);
    expect(JSON.parse(stdout)).to.include({ node: process.version });
    expect((await runCli(['version', '-o', 'yaml'])).stdout).to.match(/^version: \d/);
  });

  it('explains codes of diagnostics and of errors, in any case', async () => {
    expect((await runCli(['explain-code', 'ap1301'])).stdout).to.match(/^AP1301 {2}Unknown cluster\n\nWhy: /);
    expect((await runCli(['explain-code', 'LISTEN_FAILED'])).stdout).to.match(/^LISTEN_FAILED /);
  });

  it('prints completion scripts that name every command; the one for bash runs', async () => {
    const { stdout: help } = await runCli(['--help']);
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await runCli(['completion', shell]);
      expect(code).to.equal(0);
      for (const name of ['serve', 'bootstrap', 'explain-code']) expect(stdout, shell).to.contain(name);
    }
    expect(help).to.contain('completion');
    const script = (await runCli(['completion', 'bash'])).stdout;
    const complete = (words: string): string =>
      execFileSync(
        'bash',
        [
          '-c',
          `${script}\nCOMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _authplane; echo "\${COMPREPLY[@]}"`,
        ],
        {
          encoding: 'utf8',
        },
      ).trim();
    expect(complete('authplane val')).to.equal('validate');
    expect(complete('authplane bootstrap --trans')).to.equal('--transport');
    expect(complete('authplane bootstrap --variant s')).to.equal('sotw');
  });

  it('prints a JSON Schema that describes snapshot files', async () => {
    const { code, stdout } = await runCli(['schema']);
    expect(code).to.equal(0);
    const schema = JSON.parse(stdout) as { readonly $schema: string };
    expect(schema.$schema).to.contain('2020-12');
    expect(stdout).to.contain('listeners');
  });

  it('confirms a guarded load in the state directory', async () => {
    const { code } = await runCli(['confirm', 'not a hash']);
    expect(code).to.equal(64);
  });
});
