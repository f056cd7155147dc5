import { expect } from 'chai';
import { AuditQueue } from '../../src/token-service/audit-queue.ts';
import type { AuditEvent } from '../../src/tokens/audit/audit-chain.ts';

const event = (object: string): AuditEvent => ({ atMs: 1, actor: 'a', action: 'b', object, detail: {} });

/** A store whose writes end when the test says so. */
class Store {
  readonly batches: (readonly string[])[] = [];
  #end: (problem?: Error) => void = () => undefined;

  appendAudit(events: readonly AuditEvent[]): Promise<void> {
    this.batches.push(events.map(({ object }) => object));
    return new Promise((resolve, reject) => {
      this.#end = problem => {
        if (problem === undefined) resolve();
        else reject(problem);
      };
    });
  }

  readAudit(): Promise<never[]> {
    return Promise.resolve([]);
  }

  async end(problem?: Error): Promise<void> {
    this.#end(problem);
    await new Promise(resolve => setImmediate(resolve));
  }
}

describe('AuditQueue', () => {
  it('writes together what comes while it writes, and returns when it is written', async () => {
    const store = new Store();
    const queue = new AuditQueue(store);
    const done: string[] = [];
    const all = ['a', 'b', 'c'].map(name => queue.append(event(name)).then(() => done.push(name)));
    expect(store.batches).to.deep.equal([['a']]);
    await store.end();
    expect([store.batches, done]).to.deep.equal([[['a'], ['b', 'c']], ['a']]);
    await store.end();
    await Promise.all(all);
    expect(done).to.deep.equal(['a', 'b', 'c']);
  });

  it('tells everybody of a batch that it failed, and goes on', async () => {
    const store = new Store();
    const queue = new AuditQueue(store);
    const first = queue.append(event('a')).catch((thrown: unknown) => thrown);
    const second = queue.append(event('b'));
    await store.end(new Error('away'));
    expect(String(await first)).to.equal('Error: away');
    await store.end();
    await second;
    expect(store.batches).to.deep.equal([['a'], ['b']]);
  });
});
