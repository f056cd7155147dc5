import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { step } from '../../src/protocol/stream.ts';
import { CLUSTER, LISTENER } from '../../src/resources/type-url.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { driverScene } from '../support/fake-wire.ts';
import { resource, snapshot } from '../support/resources.ts';

function clusters(content: string) {
  return snapshot([resource(CLUSTER, 'a', content)]);
}

function lastBody(scene: ReturnType<typeof driverScene>): string | undefined {
  return scene.wire.responses().at(-1)?.resources[0]?.value.toString();
}

describe('a stream driver', () => {
  it('pushes a change in a later turn, and of several changes the newest', () => {
    const scene = driverScene({ snapshot: clusters('1') });
    scene.request({ typeUrl: CLUSTER });
    expect(scene.wire.written).to.have.length(1);
    scene.request({ typeUrl: CLUSTER, responseNonce: scene.wire.responses()[0]?.nonce ?? '' });
    scene.source.publish(clusters('2'));
    scene.source.publish(clusters('3'));
    expect(scene.wire.written).to.have.length(1);
    scene.turn();
    expect(scene.wire.written).to.have.length(2);
    expect(lastBody(scene)).to.equal('a=3');
  });

  it('writes nothing and reads nothing while the client is slow', () => {
    const scene = driverScene({ snapshot: clusters('1') });
    scene.wire.fast = false;
    scene.request({ typeUrl: CLUSTER });
    expect(scene.wire.paused).to.equal(true);
    scene.source.publish(clusters('2'));
    scene.turn();
    expect(scene.wire.written).to.have.length(1);
    scene.wire.fast = true;
    scene.driver.drained();
    expect(scene.wire.paused).to.equal(false);
    expect(scene.kinds().filter(kind => kind === 'blocked' || kind === 'unblocked')).to.deep.equal([
      'blocked',
      'unblocked',
    ]);
  });

  it('stays paused when what waited blocks it again', () => {
    const scene = driverScene({ variant: 'delta', snapshot: clusters('1') });
    scene.wire.fast = false;
    scene.deltaRequest({ typeUrl: CLUSTER });
    scene.source.publish(clusters('2'));
    scene.turn();
    scene.driver.drained();
    expect(scene.wire.written).to.have.length(2);
    expect(scene.wire.paused).to.equal(true);
  });

  it('cuts off a client that reads nothing for the timeout, and not one that does', () => {
    const slow = driverScene({ snapshot: clusters('1') });
    slow.wire.fast = false;
    slow.request({ typeUrl: CLUSTER });
    slow.clock.advance(59_999);
    expect(slow.wire.ended).to.equal(undefined);
    slow.clock.advance(1);
    expect(slow.wire.ended?.code).to.equal(status.UNAVAILABLE);
    expect(slow.wire.wasReset).to.equal(true);

    const inTime = driverScene({ snapshot: clusters('1') });
    inTime.wire.fast = false;
    inTime.request({ typeUrl: CLUSTER });
    inTime.driver.drained();
    inTime.clock.advance(120_000);
    expect(inTime.wire.ended).to.equal(undefined);
  });

  it('ends a hold after the gate timeout, and waits with it while the client is slow', () => {
    for (const slow of [false, true]) {
      const seen: string[] = [];
      const scene = driverScene({
        snapshot: clusters('1'),
        limits: { gateTimeoutMs: 1_000 },
        parts: {
          step: (state, event) => {
            seen.push(event.kind);
            const next = step(state, event);
            if (event.kind !== 'request') return next;
            return { ...next, effects: [{ kind: 'holdStarted', typeUrl: LISTENER }, ...next.effects] };
          },
        },
      });
      scene.wire.fast = !slow;
      scene.request({ typeUrl: CLUSTER });
      scene.clock.advance(999);
      expect(seen, String(slow)).not.to.include('holdExpired');
      scene.clock.advance(1);
      if (slow) {
        expect(seen).not.to.include('holdExpired');
        scene.wire.fast = true;
        scene.driver.drained();
      }
      expect(
        seen.filter(kind => kind === 'holdExpired'),
        String(slow),
      ).to.have.length(1);
      expect(scene.clock.pending, String(slow)).to.equal(0);
    }
  });

  it('stops the timer of a hold that ended', () => {
    const scene = driverScene({
      snapshot: clusters('1'),
      parts: {
        step: (state, event) => ({
          ...step(state, event),
          effects:
            event.kind === 'request'
              ? [
                  { kind: 'holdStarted', typeUrl: LISTENER },
                  { kind: 'holdEnded', typeUrl: LISTENER, timedOut: false },
                ]
              : [],
        }),
      },
    });
    scene.request({ typeUrl: CLUSTER });
    expect(scene.clock.pending).to.equal(0);
  });

  it('ends with INTERNAL and reports when the protocol throws, and leaves nothing running', () => {
    const scene = driverScene({
      snapshot: clusters('1'),
      parts: {
        step: (state, event) => {
          if (event.kind === 'request') throw new Error('a defect');
          return step(state, event);
        },
      },
    });
    expect(() => scene.request({ typeUrl: CLUSTER })).not.to.throw();
    expect(scene.wire.ended).to.deep.equal({ code: status.INTERNAL, message: 'internal error' });
    expect(scene.kinds()).to.include('defect');
    expect(scene.source.members).to.equal(0);
    scene.driver.closed();
    expect(scene.clock.pending).to.equal(0);
  });

  it('resets a stream that it ended when the client does not take the end', () => {
    const scene = driverScene({ snapshot: clusters('1') });
    scene.request({ typeUrl: CLUSTER });
    scene.driver.end('drain', status.UNAVAILABLE, 'bye');
    scene.clock.advance(4_999);
    expect(scene.wire.wasReset).to.equal(false);
    scene.clock.advance(1);
    expect(scene.wire.wasReset).to.equal(true);
  });

  it('refuses a node that is no message and one whose id is too long', () => {
    const broken = driverScene({ snapshot: clusters('1') });
    // Field 2 (node) of length 2 whose content claims 127 bytes.
    broken.driver.receive(Buffer.from([0x12, 0x02, 0x0a, 0x7f, 0x22, 0x01, 0x78]));
    expect(broken.wire.ended?.code).to.equal(status.INVALID_ARGUMENT);

    const long = driverScene({ snapshot: clusters('1') });
    long.request({ typeUrl: CLUSTER, node: { id: 'x'.repeat(5_000) } });
    expect(long.wire.ended?.code).to.equal(status.RESOURCE_EXHAUSTED);
    expect(long.source.members).to.equal(0);
  });

  it('tells its end once, and does nothing after it', () => {
    const scene = driverScene({ snapshot: clusters('1') });
    scene.request({ typeUrl: CLUSTER });
    scene.driver.closed();
    scene.driver.closed();
    scene.driver.drained();
    scene.driver.halfClosed();
    scene.request({ typeUrl: CLUSTER });
    scene.source.publish(clusters('2'));
    scene.turn();
    expect(scene.wire.written).to.have.length(1);
    expect(scene.kinds().filter(kind => kind === 'streamClosed')).to.have.length(1);
    expect(scene.source.members).to.equal(0);
  });

  it('ends with the certificate of its client, and serves nothing with one that has expired or is missing', () => {
    const rule = { kind: 'spiffe', template: 'spiffe://example.org/{cluster}/{id}' } as const;
    const node = { id: 'edge-1', cluster: 'edge' };
    const names = { uris: ['spiffe://example.org/edge/edge-1'], dnsNames: [] };
    const dayMs = 24 * 3_600_000;
    const start = (leftMs: number | undefined) => {
      const notAfterMs = new FakeClock().nowMs() + (leftMs ?? 0);
      const certificate = leftMs === undefined ? undefined : { names, notAfterMs, issuer: '', serial: '1' };
      return driverScene({ snapshot: clusters('1'), parts: { identity: { rule, certificate } } });
    };
    const open = start(60 * dayMs);
    open.request({ typeUrl: CLUSTER, node });
    open.clock.advance(60 * dayMs - 1);
    expect(open.wire.ended).to.equal(undefined);
    expect(open.wire.written).to.have.length(1);
    open.clock.advance(1);
    expect(open.wire.ended).to.deep.equal({
      code: status.PERMISSION_DENIED,
      message: 'the client certificate has expired',
    });
    for (const leftMs of [0, -1, undefined]) {
      const refused = start(leftMs);
      refused.request({ typeUrl: CLUSTER, node });
      expect(refused.wire.ended?.code).to.equal(status.PERMISSION_DENIED);
      expect(refused.wire.written).to.deep.equal([]);
    }
  });
});
