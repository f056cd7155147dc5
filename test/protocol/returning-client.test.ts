import { expect } from 'chai';
import type { Reference } from '../../src/resources/reference.ts';
import { ResourceSet } from '../../src/resources/resource-set.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { CLUSTER, ENDPOINTS, SECRET } from '../../src/resources/type-url.ts';
import { resource, snapshot } from '../support/resources.ts';
import { DrivenStream } from './driven-stream.ts';

const to = (kind: Reference['kind'], name: string): Reference => ({ kind, name, path: [] });

const a = resource(CLUSTER, 'a');
const a2 = resource(CLUSTER, 'a', '2');
const b = resource(CLUSTER, 'b');
const all = snapshot([a, b]);

describe('a delta client that comes back', () => {
  it('is given the difference to what it has', () => {
    const stream = new DrivenStream('delta', false).publish(all).delta(CLUSTER, {
      initialVersions: new Map([
        ['a', a.version],
        ['b', 'old'],
        ['c', 'gone'],
      ]),
    });
    expect(stream.sent).to.deep.equal(['b -c']);
  });

  it('is answered the names that it does not have as they are now', () => {
    const [kept, other] = [resource(SECRET, 's'), resource(SECRET, 't')];
    const claims = {
      subscribe: ['s', 't', 'ghost'],
      initialVersions: new Map([
        ['s', kept.version],
        ['t', 'old'],
        ['ghost', 'gone'],
      ]),
    };
    const alone = new DrivenStream('delta', false).publish(snapshot([kept, other])).delta(SECRET, claims);
    expect(alone.sent).to.deep.equal(['t -ghost']);
    // A listener may still use it.
    const ads = new DrivenStream('delta').publish(snapshot([kept, other])).delta(SECRET, claims);
    expect(ads.sent).to.deep.equal(['t']);
    expect(ads.delta(SECRET, { subscribe: ['ghost'] }).sent).to.deep.equal([]);
  });

  it('is sent nothing that it has, by name or under a wildcard', () => {
    const stream = new DrivenStream('delta').publish(snapshot([a, resource(ENDPOINTS, 'e')]));
    const claims = (entry: Resource) => ({ initialVersions: new Map([[entry.name, entry.version]]) });
    expect(stream.delta(CLUSTER, claims(a)).sent).to.deep.equal(['']);
    const endpoints = { subscribe: ['e'], ...claims(resource(ENDPOINTS, 'e')) };
    expect(stream.delta(ENDPOINTS, endpoints).sent).to.deep.equal([]);
    expect(stream.kinds).to.deep.equal(['subscribed', 'resumed']);
    stream.delta(CLUSTER, { nonce: stream.nonce });
    expect(stream.publish(snapshot([a, resource(ENDPOINTS, 'e', '2')])).sent).to.deep.equal(['e']);
  });

  it('is not believed to have what went back to an earlier content', () => {
    const [first, secret] = [snapshot([a, resource(SECRET, 's')]), resource(SECRET, 's')];
    const stream = new DrivenStream('delta', false);
    stream.feed({
      kind: 'snapshot',
      snapshot: first,
      changed: new Map([
        [CLUSTER, new Set(['a'])],
        [SECRET, new Set(['s'])],
      ]),
    });
    expect(stream.delta(CLUSTER, { initialVersions: new Map([['a', a.version]]) }).sent).to.deep.equal(['a']);
    const claimed = { subscribe: ['s'], initialVersions: new Map([['s', secret.version]]) };
    expect(stream.delta(SECRET, claimed).sent).to.deep.equal(['s']);
  });

  it('is sent the endpoints that a changed cluster warms on', () => {
    const cluster = resource(CLUSTER, 'c', '2', [to('endpoints', 'e')]);
    const endpoints = resource(ENDPOINTS, 'e');
    const stream = new DrivenStream('delta').publish(snapshot([cluster, endpoints]));
    expect(stream.delta(CLUSTER, { initialVersions: new Map([['c', 'old']]) }).sent).to.deep.equal(['c']);
    const claimed = { subscribe: ['e'], initialVersions: new Map([['e', endpoints.version]]) };
    expect(stream.delta(ENDPOINTS, claimed).sent).to.deep.equal(['e']);
  });

  it('keeps what is gone until it has said what uses it', () => {
    const stream = new DrivenStream('delta')
      .publish(all)
      .delta(CLUSTER, { initialVersions: new Map([['gone', 'v']]) });
    expect(stream.sent).to.deep.equal(['a b']);
    expect(stream.kinds).to.contain('holdStarted');
    stream.delta(CLUSTER, { nonce: stream.nonce });
    expect(stream.expire(CLUSTER).sent).to.deep.equal(['-gone']);
  });
});

describe('a SotW client that comes back', () => {
  it('is not answered when it has this very version of everything', () => {
    const { version } = ResourceSet.of([a, b]);
    const stream = new DrivenStream('sotw').publish(all).ask(CLUSTER, [], '', { version });
    expect(stream.sent).to.deep.equal([]);
    expect(stream.publish(snapshot([a2, b])).sent).to.deep.equal(['a b']);
  });

  it('is answered when its version is another one, pinned, in doubt, or that of names', () => {
    const { version } = ResourceSet.of([a, b]);
    const pinned = snapshot([a, b], version);
    const changed = new Map([[CLUSTER, new Set(['gone'])]]);
    const answers = [
      new DrivenStream('sotw').publish(all).ask(CLUSTER, [], '', { version: 'old' }),
      new DrivenStream('sotw').publish(pinned).ask(CLUSTER, [], '', { version }),
      new DrivenStream('sotw')
        .feed({ kind: 'snapshot', snapshot: all, changed })
        .ask(CLUSTER, [], '', { version }),
      new DrivenStream('sotw').publish(all).ask(CLUSTER, ['a', 'b'], '', { version }),
    ].map(stream => stream.sent.map(names => names.split(' ').sort().join(' ')));
    expect(answers).to.deep.equal([['a b'], ['a b'], ['a b'], ['a b']]);
  });
});
