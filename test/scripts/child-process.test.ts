import { expect } from 'chai';
import { Child } from '../../scripts/child-process.ts';
import { waitFor } from '../support/wait-for.ts';

describe('Child', () => {
  function node(script: string): Child {
    return Child.start(process.execPath, ['--input-type=module', '--eval', script]);
  }

  it('keeps both outputs as lines and tells how the program ended', async () => {
    const child = node(`console.log('one\\ntwo'); console.error('three'); process.exitCode = 3;`);
    expect(await child.exited).to.deep.equal({ code: 3, signal: null });
    expect(child.stdout).to.deep.equal(['one', 'two']);
    expect(child.stderr).to.deep.equal(['three']);
    expect(child.hasExited).to.equal(true);
  });

  it('tells of a program that cannot be started', async () => {
    const { error } = await Child.start('/no/such/program', []).exited;
    expect(String(error)).to.contain('ENOENT');
  });

  it('is killed when it does not end in time', async () => {
    const child = node(
      `process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000); console.log('up');`,
    );
    await waitFor('the program', () => child.stdout.includes('up'));
    expect((await child.stop('SIGTERM', 100)).signal).to.equal('SIGKILL');
    expect((await child.stop()).signal).to.equal('SIGKILL');
  });

  it('does not outlive the program that started it', async () => {
    const module = JSON.stringify(new URL('../../scripts/child-process.ts', import.meta.url).href);
    const parent = node(`
      const { Child } = await import(${module});
      const child = Child.start(process.execPath, ['--eval', 'setInterval(() => 0, 1000)']);
      console.log(child.pid);`);
    const pid = Number(await waitFor('the process id', () => parent.stdout[0]));
    expect((await parent.stop('SIGTERM')).signal).to.equal('SIGTERM');
    await waitFor('the end of the grandchild', () => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    });
  });
});
