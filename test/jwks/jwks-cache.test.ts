import { expect } from 'chai';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FetchResult } from '../../src/jwks/fetch-jwks.ts';
import { JwksCache } from '../../src/jwks/jwks-cache.ts';
import { JwksFiles } from '../../src/jwks/jwks-file.ts';
import type { JwksSource } from '../../src/jwks/jwks-source.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const URL_A = 'https://idp.test/keys';
const source: JwksSource = {
  url: URL_A,
  providers: ['idp'],
  refreshMs: 60_000,
  overlapMs: 0,
  trustedCaPath: undefined,
};
const [k1, k2] = [new TokenKey('k1'), new TokenKey('k2')];
const body = (...keys: readonly TokenKey[]): FetchResult => ({
  kind: 'body',
  text: jwksOf(keys),
  etag: '"1"',
});
const DOWN: FetchResult = { kind: 'failed', reason: 'connection refused' };

/** A cache whose server a test plays. */
class World {
  readonly clock = new FakeClock();
  readonly fetches: (string | undefined)[] = [];
  readonly log: string[] = [];
  answer: FetchResult = DOWN;
  changes = 0;
  readonly cache: JwksCache;

  constructor(directory: string) {
    this.cache = new JwksCache({
      clock: this.clock,
      files: new JwksFiles(join(directory, 'jwks')),
      fetch: (_source, etag) => {
        this.fetches.push(etag);
        return Promise.resolve(this.answer);
      },
      random: () => 0.5,
      observer: {
        fetched: ({ result, reason }) =>
          void this.log.push(reason === undefined ? result : `${result}: ${reason}`),
        changed: ({ kids }) => void this.log.push(`kids ${kids.join()}`),
        keepFailed: thrown => void this.log.push(String(thrown)),
      },
      onChange: () => {
        this.changes++;
      },
    });
  }

  get kids(): readonly string[] | undefined {
    const asset = this.cache.assets().get(URL_A);
    if (asset?.kind !== 'read') return undefined;
    const { keys } = JSON.parse(new TextDecoder().decode(asset.bytes)) as { keys: { kid: string }[] };
    return keys.map(({ kid }) => kid);
  }

  async want(...sources: readonly JwksSource[]): Promise<void> {
    const before = this.log.length;
    await this.cache.want(sources);
    if (sources.length > 0) await waitFor('the fetch', () => this.log.length > before);
  }

  /** Lets time pass until the next fetch has ended. */
  async next(ms: number): Promise<void> {
    const before = this.fetches.length;
    const logged = this.log.length;
    this.clock.advance(ms);
    await waitFor('the next fetch', () => this.fetches.length > before && this.log.length > logged);
  }
}

describe('JwksCache', () => {
  let directory: TemporaryDirectory;
  let world: World;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    world = new World(directory.path);
  });

  afterEach(async () => {
    await world.cache.stop();
    await directory[Symbol.asyncDispose]();
  });

  it('fetches what is wanted, again after the refresh time, and tells only of changes', async () => {
    world.answer = body(k1);
    await world.want(source);
    expect(world.kids).to.deep.equal(['k1']);
    await world.next(60_000);
    expect(world.fetches).to.deep.equal([undefined, '"1"']);
    expect(world.changes).to.equal(1);
    world.answer = body(k1, k2);
    await world.next(60_000);
    expect(world.kids).to.deep.equal(['k1', 'k2']);
    expect(world.changes).to.equal(2);
  });

  it('has nothing until the first answer, and recovers by itself', async () => {
    await world.want(source);
    expect(world.kids).to.equal(undefined);
    world.answer = body(k1);
    await world.next(1_000);
    expect(world.kids).to.deep.equal(['k1']);
    expect(world.changes).to.equal(1);
  });

  it('keeps the last good answer when the server is down or answers nonsense', async () => {
    world.answer = body(k1);
    await world.want(source);
    const bad: readonly FetchResult[] = [
      DOWN,
      { kind: 'body', text: 'not json', etag: undefined },
      { kind: 'body', text: '{"keys":[]}', etag: undefined },
      {
        kind: 'body',
        text: JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'k1' }] }),
        etag: undefined,
      },
      {
        kind: 'body',
        text: JSON.stringify({ keys: [{ ...k1.publicJwk, alg: undefined }] }),
        etag: undefined,
      },
    ];
    for (const answer of bad) {
      world.answer = answer;
      await world.next(60_000);
      expect(world.kids).to.deep.equal(['k1']);
    }
    expect(world.changes).to.equal(1);
    expect(world.log.join('\n'), 'what the server sent is not told').not.to.contain('c2VjcmV0');
    const [status] = world.cache.status();
    expect(status?.fetchedMs, 'the age goes on').to.be.below(world.clock.nowMs() - 60_000);
  });

  it('keeps a key that is no longer listed for the overlap', async () => {
    const overlapping = { ...source, overlapMs: 30_000 };
    world.answer = body(k1);
    await world.want(overlapping);
    world.answer = body(k2);
    await world.next(60_000);
    expect(world.kids).to.deep.equal(['k2', 'k1']);
    world.clock.advance(30_000);
    expect(world.kids).to.deep.equal(['k2']);
    expect(world.changes).to.equal(3);
  });

  it('finds its keys again after a restart with the server down', async () => {
    world.answer = body(k1);
    await world.want(source);
    await waitFor(
      'the file',
      async () => (await readdir(join(directory.path, 'jwks')).catch(() => [])).length === 1,
    );
    await world.cache.stop();
    world = new World(directory.path);
    await world.want(source);
    expect(world.kids).to.deep.equal(['k1']);
    expect(world.changes, 'they are there before the first load').to.equal(0);
  });

  it('keeps its files to itself, and reports one that is broken', async () => {
    world.answer = body(k1);
    await world.want(source);
    const files = join(directory.path, 'jwks');
    await waitFor('the file', async () => (await readdir(files).catch(() => [])).length === 1);
    const [name = ''] = await readdir(files);
    expect((await stat(join(files, name))).mode & 0o777).to.equal(0o600);
    expect((await stat(files)).mode & 0o777).to.equal(0o700);
    await world.cache.stop();
    await writeFile(join(files, name), '{"url": "https://idp.test/keys", "state": {"keys": [');
    world = new World(directory.path);
    await world.want(source);
    expect(world.kids).to.equal(undefined);
    expect(world.log[0]).to.contain('cannot be read');
  });

  it('stops fetching what is no longer wanted, and has it at once when it is wanted again', async () => {
    world.answer = body(k1);
    await world.want(source);
    await world.cache.want([]);
    world.clock.advance(600_000);
    expect(world.fetches).to.have.length(1);
    expect(world.cache.status()).to.deep.equal([]);
    await world.cache.want([source]);
    expect(world.kids).to.deep.equal(['k1']);
    await waitFor('a fetch', () => world.fetches.length === 2);
  });
});
