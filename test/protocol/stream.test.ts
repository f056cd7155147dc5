import { expect } from 'chai';
import { makeResource } from '../../src/resources/frame.ts';
import type { Reference } from '../../src/resources/reference.ts';
import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION_CONFIG,
  LISTENER,
  ROUTE,
  SECRET,
  type TypeUrl,
  typeUrlOf,
  VIRTUAL_HOST,
} from '../../src/resources/type-url.ts';
import { resource, snapshot } from '../support/resources.ts';
import { DrivenStream } from './driven-stream.ts';

const to = (kind: Reference['kind'], name: string): Reference => ({ kind, name, path: [] });

const a = resource(CLUSTER, 'a');
const a2 = resource(CLUSTER, 'a', '2');
const b = resource(CLUSTER, 'b');
const rejection = { code: 13, message: 'no' };

for (const variant of ['sotw', 'delta'] as const) {
  describe(`${variant} stream`, () => {
    const subscribe = (
      stream: DrivenStream,
      typeUrl: TypeUrl,
      names: readonly string[] = [],
    ): DrivenStream =>
      variant === 'sotw' ? stream.ask(typeUrl, names) : stream.delta(typeUrl, { subscribe: names });
    const answer = (
      stream: DrivenStream,
      typeUrl: TypeUrl,
      more: { rejection?: typeof rejection } = {},
    ): DrivenStream =>
      variant === 'sotw'
        ? stream.ask(typeUrl, [], stream.nonce, more)
        : stream.delta(typeUrl, { nonce: stream.nonce, ...more });

    it('answers the first request when the snapshot comes later', () => {
      const stream = subscribe(new DrivenStream(variant), CLUSTER);
      expect(stream.sent).to.deep.equal([]);
      expect(stream.publish(snapshot([a])).sent).to.deep.equal(['a']);
    });

    it('answers a first wildcard with an empty response when there is nothing', () => {
      expect(subscribe(new DrivenStream(variant).publish(snapshot([])), CLUSTER).sent).to.deep.equal(['']);
    });

    it('reports an ACK and sends nothing for it', () => {
      const stream = subscribe(new DrivenStream(variant).publish(snapshot([a])), CLUSTER);
      expect(answer(stream, CLUSTER).kinds).to.deep.equal(['acked']);
    });

    it('reports a NACK with what the response changed, and does not send it again', () => {
      const stream = subscribe(new DrivenStream(variant).publish(snapshot([a])), CLUSTER);
      answer(stream, CLUSTER);
      stream.publish(snapshot([a, b]));
      const [nacked] = answer(stream, CLUSTER, { rejection }).last;
      expect(nacked?.kind === 'nacked' && nacked.resources.map(entry => entry.name)).to.deep.equal(['b']);
      expect(stream.publish(snapshot([a, b])).sent).to.deep.equal([]);
      expect(stream.publish(snapshot([a, resource(CLUSTER, 'b', '2')])).sent[0]).to.contain('b');
    });

    it('rolls back after a NACK: what was accepted before goes out at once', () => {
      const stream = subscribe(new DrivenStream(variant).publish(snapshot([a])), CLUSTER);
      answer(stream, CLUSTER);
      stream.publish(snapshot([a2]));
      answer(stream, CLUSTER, { rejection });
      expect(stream.publish(snapshot([a])).sent).to.deep.equal(['a']);
    });

    it('goes through stages, each when the one before is accepted, and stops at a rejection', () => {
      const stream = subscribe(new DrivenStream(variant).publish(snapshot([a])), CLUSTER);
      answer(stream, CLUSTER);
      const a3 = resource(CLUSTER, 'a', '3');
      stream.feed({ kind: 'snapshot', snapshot: snapshot([a2]), then: [snapshot([a3]), snapshot([a])] });
      expect(stream.sent).to.deep.equal(['a']);
      expect(answer(stream, CLUSTER).sent).to.deep.equal(['a']);
      expect(stream.state.pending).to.have.length(1);
      expect(answer(stream, CLUSTER, { rejection }).sent).to.deep.equal([]);
      expect(stream.state.pending).to.have.length(1);
      // What comes next is worked out anew from where the stream is.
      expect(stream.publish(snapshot([b])).state.pending).to.have.length(0);
    });

    it('takes the last stage at once on a stream of one type', () => {
      const stream = subscribe(new DrivenStream(variant, false).publish(snapshot([a])), CLUSTER);
      answer(stream, CLUSTER);
      const last = snapshot([b]);
      stream.feed({ kind: 'snapshot', snapshot: snapshot([a2]), then: [last] });
      expect(stream.state.snapshot).to.equal(last);
      expect(stream.state.pending).to.deep.equal([]);
    });

    it('holds a listener until the clusters are accepted, or until the time is over', () => {
      const stream = subscribe(new DrivenStream(variant).publish(snapshot([a])), CLUSTER);
      answer(stream, CLUSTER);
      subscribe(stream, LISTENER);
      answer(stream, LISTENER);
      stream.publish(snapshot([a, b, resource(LISTENER, 'l')]));
      expect(stream.kinds).to.deep.equal(['send', 'holdStarted']);
      expect(stream.expire(LISTENER).sent).to.deep.equal(['l']);
      expect(stream.kinds).to.deep.equal(['send', 'holdEnded']);
    });

    it('keeps dependants at their last good set while the clusters are rejected', () => {
      const stream = subscribe(new DrivenStream(variant).publish(snapshot([a])), CLUSTER);
      answer(stream, CLUSTER);
      subscribe(stream, LISTENER);
      answer(stream, LISTENER);
      stream.publish(snapshot([a2, resource(LISTENER, 'l')]));
      const [cds] = stream.last;
      expect(cds?.kind).to.equal('send');
      answer(stream, CLUSTER, { rejection });
      expect(stream.sent).to.deep.equal([]);
      expect(stream.expire(LISTENER).sent).to.deep.equal([]);
    });

    it('answers the first request of a dependant even while the clusters are rejected', () => {
      const stream = subscribe(
        new DrivenStream(variant).publish(snapshot([a, resource(LISTENER, 'l')])),
        CLUSTER,
      );
      answer(stream, CLUSTER, { rejection });
      expect(subscribe(stream, LISTENER).sent).to.deep.equal(['l']);
    });

    it('sends endpoints and secrets without waiting for the clusters to be accepted', () => {
      const stream = subscribe(
        new DrivenStream(variant).publish(snapshot([a, resource(ENDPOINTS, 'e'), resource(SECRET, 's')])),
        CLUSTER,
      );
      expect(subscribe(stream, ENDPOINTS, ['e']).sent).to.deep.equal(['e']);
      expect(subscribe(stream, SECRET, ['s']).sent).to.deep.equal(['s']);
    });

    it('sends the endpoints again after their cluster changed, once', () => {
      const cluster = (content: string) => resource(CLUSTER, 'a', content, [to('endpoints', 'e')]);
      const endpoints = resource(ENDPOINTS, 'e');
      const stream = subscribe(
        new DrivenStream(variant).publish(snapshot([cluster('1'), endpoints])),
        CLUSTER,
      );
      answer(stream, CLUSTER);
      subscribe(stream, ENDPOINTS, ['e']);
      if (variant === 'sotw') stream.ask(ENDPOINTS, ['e'], stream.nonce);
      else stream.delta(ENDPOINTS, { nonce: stream.nonce });
      expect(stream.publish(snapshot([cluster('2'), endpoints])).sent).to.deep.equal(['a', 'e']);
    });

    it('withdraws a cluster only after the route that used it was replaced and accepted', () => {
      const route = (target: string) => resource(ROUTE, 'r', target, [to('cluster', target)]);
      const listener = resource(LISTENER, 'l', '1', [to('route', 'r')]);
      const stream = subscribe(
        new DrivenStream(variant).publish(snapshot([a, listener, route('a')])),
        CLUSTER,
      );
      answer(stream, CLUSTER);
      subscribe(stream, LISTENER);
      answer(stream, LISTENER);
      const routes = (nonce = '') =>
        variant === 'sotw'
          ? stream.ask(ROUTE, ['r'], nonce)
          : stream.delta(ROUTE, { subscribe: nonce === '' ? ['r'] : [], nonce });
      routes();
      routes(stream.nonce);
      stream.publish(snapshot([b, listener, route('b')]));
      expect(stream.sent).to.deep.equal([variant === 'sotw' ? 'b a' : 'b']);
      expect(answer(stream, CLUSTER).sent).to.deep.equal(['r']);
      expect(routes(stream.nonce).sent).to.deep.equal([variant === 'sotw' ? 'b' : '-a']);
    });

    it('keeps no order on a stream of one type', () => {
      const stream = subscribe(new DrivenStream(variant, false).publish(snapshot([a])), CLUSTER);
      answer(stream, CLUSTER);
      expect(stream.publish(snapshot([b])).sent).to.deep.equal([variant === 'sotw' ? 'b' : 'b -a']);
    });

    it('reports the operator’s version for every type', () => {
      const stream = subscribe(new DrivenStream(variant).publish(snapshot([a], 'r42')), CLUSTER);
      const [send] = stream.last.filter(effect => effect.kind === 'send');
      expect(send?.update.versionInfo).to.equal('r42');
      answer(stream, CLUSTER);
      expect(stream.publish(snapshot([a2], 'r42')).sent).to.deep.equal(['a']);
    });

    it('shares one response between streams that make the same step', () => {
      const published = snapshot([a, b]);
      const updates = [1, 2].map(() => {
        const [send] = subscribe(new DrivenStream(variant).publish(published), CLUSTER).last.filter(
          effect => effect.kind === 'send',
        );
        return send?.update;
      });
      expect(updates[0]).to.not.equal(undefined);
      expect(updates[0]).to.equal(updates[1]);
    });
  });
}

describe('SotW subscriptions', () => {
  const all = snapshot([a, b]);

  it('go from the wildcard by names to nothing', () => {
    const stream = new DrivenStream('sotw').publish(all).ask(CLUSTER);
    expect(stream.sent).to.deep.equal(['a b']);
    expect(stream.ask(CLUSTER, ['*', 'a'], stream.nonce).sent).to.deep.equal(['a b']);
    expect(stream.ask(CLUSTER, ['a'], stream.nonce).sent).to.deep.equal([]);
    expect(stream.ask(CLUSTER, [], stream.nonce).sent).to.deep.equal([]);
    expect(stream.publish(snapshot([a2, b])).sent).to.deep.equal([]);
  });

  it('answer a name again that was given up in between', () => {
    const stream = new DrivenStream('sotw')
      .publish(snapshot([resource(ENDPOINTS, 'e')]))
      .ask(ENDPOINTS, ['e']);
    stream.ask(ENDPOINTS, [], stream.nonce);
    expect(stream.ask(ENDPOINTS, ['e'], stream.nonce).sent).to.deep.equal(['e']);
  });

  it('send only the new name of a type that is not sent whole', () => {
    const stream = new DrivenStream('sotw')
      .publish(snapshot([resource(ENDPOINTS, 'e'), resource(ENDPOINTS, 'f')]))
      .ask(ENDPOINTS, ['e']);
    expect(stream.ask(ENDPOINTS, ['e', 'f'], stream.nonce).sent).to.deep.equal(['f']);
  });

  it('honour the names of a NACK', () => {
    const stream = new DrivenStream('sotw')
      .publish(snapshot([resource(ENDPOINTS, 'e'), resource(ENDPOINTS, 'f')]))
      .ask(ENDPOINTS, ['e']);
    expect(stream.ask(ENDPOINTS, ['e', 'f'], stream.nonce, { rejection }).sent).to.deep.equal(['f']);
  });

  it('pass over a request with an outdated nonce', () => {
    const stream = new DrivenStream('sotw')
      .publish(snapshot([resource(ENDPOINTS, 'e')]))
      .ask(ENDPOINTS, ['e']);
    expect(stream.ask(ENDPOINTS, ['f'], 'old').kinds).to.deep.equal(['stale']);
    expect(stream.state.subscriptions.get(ENDPOINTS)?.names.has('e')).to.equal(true);
  });

  it('take the nonce of an earlier stream for a first request', () => {
    expect(new DrivenStream('sotw').publish(all).ask(CLUSTER, [], '17').sent).to.deep.equal(['a b']);
  });

  it('treat an empty list for endpoints as nothing', () => {
    expect(
      new DrivenStream('sotw').publish(snapshot([resource(ENDPOINTS, 'e')])).ask(ENDPOINTS).sent,
    ).to.deep.equal([]);
  });

  it('say nothing about names that do not exist, and send them when they appear', () => {
    const stream = new DrivenStream('sotw').publish(snapshot([])).ask(ENDPOINTS, ['e']);
    expect(stream.sent).to.deep.equal([]);
    expect(stream.publish(snapshot([resource(ENDPOINTS, 'e')])).sent).to.deep.equal(['e']);
  });

  it('do not answer a type that is not served', () => {
    expect(new DrivenStream('sotw').publish(all).ask(typeUrlOf('x.Unknown'), ['n']).sent).to.deep.equal([]);
  });
});

describe('delta subscriptions', () => {
  const all = snapshot([a, b]);

  it('answer a name again that is subscribed already', () => {
    const stream = new DrivenStream('delta')
      .publish(snapshot([resource(ENDPOINTS, 'e')]))
      .delta(ENDPOINTS, { subscribe: ['e'] });
    stream.delta(ENDPOINTS, { nonce: stream.nonce });
    expect(stream.delta(ENDPOINTS, { subscribe: ['e'] }).sent).to.deep.equal(['e']);
  });

  it('answer names that do not exist as removed, and send them when they appear', () => {
    const stream = new DrivenStream('delta').publish(snapshot([])).delta(ENDPOINTS, { subscribe: ['e'] });
    expect(stream.sent).to.deep.equal(['-e']);
    expect(stream.publish(snapshot([resource(ENDPOINTS, 'e')])).sent).to.deep.equal(['e']);
  });

  it('keep the changes of a request with an outdated nonce', () => {
    const stream = new DrivenStream('delta')
      .publish(snapshot([resource(ENDPOINTS, 'e')]))
      .delta(ENDPOINTS, { subscribe: ['x'] });
    expect(stream.delta(ENDPOINTS, { subscribe: ['e'], nonce: 'old' }).sent).to.deep.equal(['e']);
    expect(stream.kinds).to.contain('stale');
  });

  it('answer what remains of a name unsubscribed under a wildcard', () => {
    const stream = new DrivenStream('delta').publish(all).delta(CLUSTER, { subscribe: ['*', 'a', 'ghost'] });
    stream.delta(CLUSTER, { nonce: stream.nonce });
    expect(stream.delta(CLUSTER, { unsubscribe: ['a'] }).sent).to.deep.equal(['a']);
    expect(stream.delta(CLUSTER, { unsubscribe: ['ghost'] }).sent).to.deep.equal(['-ghost']);
  });

  it('keep the legacy wildcard beside names', () => {
    const stream = new DrivenStream('delta').publish(all).delta(CLUSTER);
    stream.delta(CLUSTER, { nonce: stream.nonce, subscribe: ['a'] });
    stream.delta(CLUSTER, { nonce: stream.nonce, unsubscribe: ['*'] });
    stream.delta(CLUSTER, { nonce: stream.nonce });
    expect(stream.publish(snapshot([a2, resource(CLUSTER, 'b', '2')])).sent).to.deep.equal(['a']);
  });

  it('answer virtual hosts by alias, and unknown ones without a body', () => {
    const host = makeResource({
      typeUrl: VIRTUAL_HOST,
      name: 'r/a',
      aliases: ['r/a.test'],
      body: new Uint8Array(),
    });
    const stream = new DrivenStream('delta').publish(snapshot([host]));
    expect(stream.delta(VIRTUAL_HOST, { subscribe: ['r/a.test', 'r/b.test'] }).sent).to.deep.equal([
      'r/a ?r/b.test',
    ]);
  });

  it('neither deny nor withdraw a filter configuration', () => {
    const stream = new DrivenStream('delta').publish(snapshot([resource(EXTENSION_CONFIG, 'f')]));
    expect(stream.delta(EXTENSION_CONFIG, { subscribe: ['f', 'ghost'] }).sent).to.deep.equal(['f']);
    stream.delta(EXTENSION_CONFIG, { nonce: stream.nonce });
    expect(stream.publish(snapshot([])).sent).to.deep.equal([]);
  });

  it('answer names of a type that is not served as removed', () => {
    expect(
      new DrivenStream('delta').publish(all).delta(typeUrlOf('x.Unknown'), { subscribe: ['n'] }).sent,
    ).to.deep.equal(['-n']);
  });

  it('offer the companions of a rejected resource once more when it is cured', () => {
    const stream = new DrivenStream('delta').publish(snapshot([])).delta(CLUSTER);
    stream.delta(CLUSTER, { nonce: stream.nonce });
    stream.publish(all);
    stream.delta(CLUSTER, { nonce: stream.nonce, rejection });
    expect(stream.publish(snapshot([a2, b])).sent).to.deep.equal(['a']);
    expect(stream.delta(CLUSTER, { nonce: stream.nonce }).sent).to.deep.equal(['b']);
    expect(stream.delta(CLUSTER, { nonce: stream.nonce, rejection }).sent).to.deep.equal([]);
  });

  it('do not take for accepted what a response on its way only carried along from a rejected one', () => {
    const d = resource(CLUSTER, 'd', 'bad');
    const stream = new DrivenStream('delta').publish(snapshot([a])).delta(CLUSTER);
    stream.delta(LISTENER);
    stream.publish(snapshot([d, resource(LISTENER, 'l')]));
    stream.delta(CLUSTER, { nonce: '1', rejection });
    stream.publish(snapshot([a, resource(CLUSTER, 'd', 'good')]));
    stream.delta(CLUSTER, { nonce: '2', rejection });
    for (let nonce = 3; nonce < stream.state.lastNonce; nonce++) {
      for (const typeUrl of [CLUSTER, LISTENER]) stream.delta(typeUrl, { nonce: String(nonce) });
    }
    const held = stream.state.subscriptions.get(CLUSTER)?.accepted;
    expect(held?.byName.get('d')?.version).to.not.equal(d.version);
  });

  it('do not take for accepted what was rejected before and only stood beside a removal', () => {
    const bad = resource(CLUSTER, 'a', 'bad');
    const stream = new DrivenStream('delta').publish(snapshot([bad, b])).delta(CLUSTER);
    stream.delta(CLUSTER, { nonce: '1', rejection });
    stream.publish(snapshot([bad]));
    stream.publish(snapshot([resource(CLUSTER, 'a', 'worse')]));
    stream.delta(CLUSTER, { nonce: '2' });
    expect(stream.state.subscriptions.get(CLUSTER)?.accepted.byName.has('a')).to.equal(false);
  });

  it('offer what was rejected with a name that is no longer asked for once more', () => {
    const routes = snapshot([resource(ROUTE, 'r'), resource(ROUTE, 'bad')]);
    const late = new DrivenStream('delta').publish(routes).delta(ROUTE, { subscribe: ['r', 'bad'] });
    late.delta(ROUTE, { nonce: '1', rejection });
    expect(late.delta(ROUTE, { unsubscribe: ['bad'] }).sent).to.deep.equal(['r']);
    const early = new DrivenStream('delta').publish(routes).delta(ROUTE, { subscribe: ['r', 'bad'] });
    early.delta(ROUTE, { unsubscribe: ['bad'] });
    expect(early.delta(ROUTE, { nonce: '1', rejection }).sent).to.deep.equal(['r']);
    expect(early.delta(ROUTE, { nonce: '2', rejection }).sent).to.deep.equal([]);
  });

  it('answer an on-demand name while the response before is not accepted', () => {
    const stream = new DrivenStream('delta').publish(all).delta(CLUSTER);
    expect(stream.delta(CLUSTER, { subscribe: ['b'] }).sent).to.deep.equal(['b']);
  });
});
