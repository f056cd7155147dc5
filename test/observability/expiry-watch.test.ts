import { Writable } from 'node:stream';
import { expect } from 'chai';
import { ExpiryWatch, expiryLevel, type WatchedCertificate } from '../../src/observability/expiry-watch.ts';
import { createLogger } from '../../src/platform/log.ts';
import { FakeClock } from '../support/fake-clock.ts';

const DAY_MS = 86_400_000;

describe('the watch for certificates that run out', () => {
  it('counts a week, or a quarter of a shorter life, and a seventh of that for an alarm', () => {
    const level = (lifeDays: number, leftDays: number): string =>
      expiryLevel(
        { notBeforeMs: 0, notAfterMs: lifeDays * DAY_MS },
        7 * DAY_MS,
        (lifeDays - leftDays) * DAY_MS,
      );
    expect([8, 7, 6.9, 1, 0.9, -1].map(left => level(90, left))).to.deep.equal([
      'fine',
      'fine',
      'warn',
      'warn',
      'alarm',
      'alarm',
    ]);
    expect([3.5, 2, 1.9, 0.2].map(left => level(8, left))).to.deep.equal(['fine', 'fine', 'warn', 'alarm']);
  });

  it('tells each level once, and nothing of a certificate that was renewed', () => {
    const clock = new FakeClock();
    const lines: string[] = [];
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        const { level, msg } = JSON.parse(String(chunk)) as { level: string; msg: string };
        lines.push(`${level} ${msg.split(' on ')[0] ?? ''}`);
        done();
      },
    });
    const log = createLogger('info', sink);
    const nowMs = clock.nowMs();
    const old = { group: 'g', name: 'tls', notBeforeMs: nowMs - 80 * DAY_MS, notAfterMs: nowMs + 8 * DAY_MS };
    let served: readonly WatchedCertificate[] = [old];
    const watch = new ExpiryWatch({ clock, log, certificates: () => served }, 7 * DAY_MS);
    watch.start();
    expect(lines).to.deep.equal([]);
    clock.advance(2 * DAY_MS);
    expect(lines).to.deep.equal(['warn certificate tls of g expires']);
    served = [{ ...old, notBeforeMs: clock.nowMs(), notAfterMs: clock.nowMs() + 90 * DAY_MS }];
    clock.advance(DAY_MS);
    served = [old];
    clock.advance(6 * DAY_MS);
    expect(lines.slice(1)).to.deep.equal([
      'warn certificate tls of g expires',
      'error certificate tls of g expires',
    ]);
    watch.stop();
    expect(clock.pending).to.equal(0);
  });
});
