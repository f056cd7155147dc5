import { expect } from 'chai';
import type { StreamRequest } from '../../src/protocol/request.ts';
import { initialStream, type StreamState } from '../../src/protocol/stream-state.ts';
import { step } from '../../src/protocol/stream.ts';
import type { Update } from '../../src/protocol/update.ts';
import { makeResource } from '../../src/resources/frame.ts';
import type { Resource } from '../../src/resources/resource.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { ROUTE, type TypeUrl, VIRTUAL_HOST } from '../../src/resources/type-url.ts';
import { resource, snapshot } from '../support/resources.ts';

/** A route configuration that takes its virtual hosts by VHDS. */
function table(name: string, content = '1'): Resource {
  return resource(ROUTE, name, content, [{ kind: 'virtualHosts', name, path: [] }]);
}

function host(name: string, alias: string): Resource {
  return makeResource({ typeUrl: VIRTUAL_HOST, name, aliases: [alias], body: Buffer.from(name) });
}

/** What one update says, by name. */
function said({ resources, removed, bodiless }: Update): unknown {
  return { resources: resources.map(({ name }) => name), removed, bodiless };
}

/** A delta stream whose client accepts everything at once. */
class Stream {
  #state: StreamState = initialStream({ variant: 'delta', ads: true });
  readonly #said: unknown[] = [];

  publish(next: Snapshot): void {
    this.#feed({ kind: 'snapshot', snapshot: next });
  }

  subscribe(
    typeUrl: TypeUrl,
    subscribe: readonly string[],
    initialVersions: ReadonlyMap<string, string> = new Map(),
  ): void {
    this.#request({ variant: 'delta', typeUrl, nonce: '', subscribe, unsubscribe: [], initialVersions });
  }

  /** What was said of virtual hosts since the last call. */
  take(): unknown[] {
    return this.#said.splice(0);
  }

  #request(request: StreamRequest): void {
    this.#feed({ kind: 'request', request });
  }

  #feed(event: Parameters<typeof step>[1]): void {
    const { state, effects } = step(this.#state, event);
    this.#state = state;
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      const { typeUrl, nonce, update } = effect;
      if (typeUrl === VIRTUAL_HOST) this.#said.push(said(update));
      const nothing = { subscribe: [], unsubscribe: [], initialVersions: new Map<string, string>() };
      this.#request({ variant: 'delta', typeUrl, nonce, ...nothing });
    }
  }
}

describe('virtual hosts on demand', () => {
  const one = host('main/one', 'main/one.test');

  it('are all sent for the first request, which is empty', () => {
    const stream = new Stream();
    stream.publish(snapshot([table('main'), one]));
    stream.subscribe(ROUTE, ['main']);
    stream.subscribe(VIRTUAL_HOST, []);
    expect(stream.take()).to.deep.equal([{ resources: ['main/one'], removed: [], bodiless: [] }]);
  });

  it('are said to be missing for each route configuration that has none', () => {
    const stream = new Stream();
    stream.publish(snapshot([table('main'), table('other'), resource(ROUTE, 'plain'), one]));
    stream.subscribe(VIRTUAL_HOST, []);
    expect(stream.take()).to.deep.equal([{ resources: ['main/one'], removed: [], bodiless: ['other/*'] }]);
  });

  it('are answered by name and by domain, a missing one without a body', () => {
    const stream = new Stream();
    stream.publish(snapshot([table('main'), one]));
    stream.subscribe(VIRTUAL_HOST, ['main/one.test']);
    stream.subscribe(VIRTUAL_HOST, ['main/none.test']);
    expect(stream.take()).to.deep.equal([
      { resources: ['main/one'], removed: [], bodiless: [] },
      { resources: [], removed: [], bodiless: ['main/none.test'] },
    ]);
  });

  it('are said again after a route configuration that came later than they', () => {
    const stream = new Stream();
    stream.publish(snapshot([table('main'), table('other'), one, host('other/x', 'other/x.test')]));
    stream.subscribe(ROUTE, ['main']);
    stream.subscribe(VIRTUAL_HOST, []);
    stream.take();
    stream.subscribe(ROUTE, ['other']);
    expect(stream.take()).to.deep.equal([{ resources: ['other/x'], removed: [], bodiless: [] }]);
  });

  it('are said to be missing when an empty route configuration comes later', () => {
    const stream = new Stream();
    stream.publish(snapshot([table('main'), one]));
    stream.subscribe(ROUTE, ['main', 'other']);
    stream.subscribe(VIRTUAL_HOST, []);
    stream.take();
    stream.publish(snapshot([table('main'), table('other'), one]));
    expect(stream.take()).to.deep.equal([{ resources: [], removed: [], bodiless: ['other/*'] }]);
  });

  it('are not sent to who asks for names only', () => {
    const stream = new Stream();
    stream.publish(snapshot([table('main'), one]));
    stream.subscribe(VIRTUAL_HOST, ['main/none.test']);
    stream.take();
    stream.publish(snapshot([table('main', '2'), one, host('main/two', 'main/two.test')]));
    expect(stream.take()).to.deep.equal([]);
  });

  it('are not sent again to who comes back with them, and what is gone is removed', () => {
    const stream = new Stream();
    stream.publish(snapshot([table('main'), one]));
    const held = new Map<string, string>([
      ['main/one', one.version],
      ['main/two', 'x'],
      ['main/none.test', ''],
    ]);
    stream.subscribe(VIRTUAL_HOST, ['*'], held);
    expect(stream.take()).to.deep.equal([
      { resources: [], removed: ['main/two', 'main/none.test'], bodiless: [] },
    ]);
  });
});
