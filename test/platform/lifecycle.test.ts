import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { handleSignals, Lifecycle, type Component } from '../../src/platform/lifecycle.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { waitFor } from '../support/wait-for.ts';

function component(name: string, calls: string[], fails: 'start' | 'stop' | 'never' = 'never'): Component {
  const step = (kind: 'start' | 'stop') => {
    calls.push(`${kind} ${name}`);
    return fails === kind ? Promise.reject(new Error(`${name} cannot ${kind}`)) : Promise.resolve();
  };
  return { name, start: () => step('start'), stop: () => step('stop') };
}

async function messageOfRejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
  );
}

const ignore = (): undefined => undefined;

describe('Lifecycle', () => {
  it('starts in order and stops in reverse, once', async () => {
    const calls: string[] = [];
    const lifecycle = new Lifecycle([component('a', calls), component('b', calls)], ignore);
    await lifecycle.start();
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    expect(calls).to.deep.equal(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('stops what was started when a start fails, and throws that failure', async () => {
    const calls: string[] = [];
    const parts = [component('a', calls), component('b', calls, 'start'), component('c', calls)];
    expect(await messageOfRejection(new Lifecycle(parts, ignore).start())).to.equal('b cannot start');
    expect(calls).to.deep.equal(['start a', 'start b', 'stop a']);
  });

  it('stops the others when one cannot be stopped, and reports it', async () => {
    const calls: string[] = [];
    const failed: string[] = [];
    const parts = [component('a', calls), component('b', calls, 'stop')];
    const lifecycle = new Lifecycle(parts, name => failed.push(name));
    await lifecycle.start();
    await lifecycle.stop();
    expect(calls.slice(2)).to.deep.equal(['stop b', 'stop a']);
    expect(failed).to.deep.equal(['b']);
  });

  it('leaves nothing running when it is stopped during the start', async () => {
    const calls: string[] = [];
    let release: () => void = ignore;
    const slow: Component = {
      name: 'slow',
      start: () => new Promise(resolve => (release = resolve)),
      stop: () => {
        calls.push('stop slow');
        return Promise.resolve();
      },
    };
    const lifecycle = new Lifecycle([component('a', calls), slow, component('never', calls)], ignore);
    const starting = lifecycle.start();
    await waitFor('the first start', () => calls.includes('start a'));
    const stopping = lifecycle.stop();
    release();
    await Promise.all([starting, stopping]);
    expect(calls).to.deep.equal(['start a', 'stop a', 'stop slow']);
  });
});

describe('handleSignals', () => {
  function harness(stop: () => Promise<void>) {
    const signals = new EventEmitter();
    const clock = new FakeClock();
    const seen: string[] = [];
    const handle = handleSignals(
      {
        signals,
        clock,
        actions: {
          stop: signal => {
            seen.push(`stop ${signal}`);
            return stop();
          },
          rescan: () => seen.push('rescan'),
          exit: (code, reason) => seen.push(`exit ${code} ${reason}`),
          fatal: thrown => seen.push(`fatal ${String(thrown)}`),
        },
      },
      { hardStopMs: 30_000 },
    );
    return { signals, clock, seen, handle };
  }

  it('stops on SIGTERM and exits with 0', async () => {
    const { signals, seen, clock } = harness(() => Promise.resolve());
    signals.emit('SIGTERM');
    await waitFor('exit', () => seen.length === 2);
    expect(seen).to.deep.equal(['stop SIGTERM', 'exit 0 stopped']);
    expect(clock.pending).to.equal(0);
  });

  it('exits at once on a second signal', () => {
    const { signals, seen } = harness(() => new Promise(ignore));
    signals.emit('SIGTERM');
    signals.emit('SIGINT');
    signals.emit('SIGINT');
    expect(seen).to.deep.equal(['stop SIGTERM', 'exit 130 second-signal']);
  });

  it('exits with 1 when the stop takes longer than the hard limit', () => {
    const { signals, seen, clock } = harness(() => new Promise(ignore));
    signals.emit('SIGTERM');
    clock.advance(29_999);
    expect(seen).to.deep.equal(['stop SIGTERM']);
    clock.advance(1);
    expect(seen).to.deep.equal(['stop SIGTERM', 'exit 1 hard-stop']);
  });

  it('exits with 1 when the stop fails or something is thrown that nobody caught', async () => {
    const { signals, seen } = harness(() => Promise.reject(new Error('stuck')));
    signals.emit('SIGTERM');
    await waitFor('exit', () => seen.length === 3);
    expect(seen.slice(1)).to.deep.equal(['fatal Error: stuck', 'exit 1 stop-failed']);
    const other = harness(() => Promise.resolve());
    other.signals.emit('unhandledRejection', 'lost');
    expect(other.seen).to.deep.equal(['fatal lost', 'exit 1 fatal']);
  });

  it('rescans on SIGHUP and hears nothing once it is disposed', () => {
    const { signals, seen, handle } = harness(() => Promise.resolve());
    signals.emit('SIGHUP');
    handle[Symbol.dispose]();
    expect(seen).to.deep.equal(['rescan']);
    expect(signals.eventNames()).to.deep.equal([]);
  });
});
