import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { TokenConfigSource } from '../../src/token-service/token-config-source.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { testSchema } from '../support/schema.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const config = (scope: string): string => `issuer: https://auth.example
audiences: [{name: api, scopes: [${scope}]}]
clients: [{id: edge, private_key_jwt: {jwks: keys.json}, audiences: [api], scopes: [${scope}]}]
`;

describe('TokenConfigSource', () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let loads: number;
  let refusals: string[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock();
    loads = 0;
    refusals = [];
    await write('tokens.yaml', config('read'));
    await write('keys.json', jwksOf([new TokenKey()]));
  });

  afterEach(() => directory[Symbol.asyncDispose]());

  const write = (name: string, text: string): Promise<void> => writeFile(join(directory.path, name), text);

  function source(): TokenConfigSource {
    return new TokenConfigSource(
      {
        schema: testSchema(),
        clock,
        observer: {
          loaded: () => loads++,
          refused: problems => refusals.push(...problems),
        },
      },
      { path: join(directory.path, 'tokens.yaml'), lastGoodPath: join(directory.path, 'good.json') },
    );
  }

  /** Reads again until what is broken has stood for long enough. */
  async function settle(made: TokenConfigSource): Promise<void> {
    await made.reload();
    clock.advance(1_000);
    await made.reload();
  }

  it('follows its file and the files that it names', async () => {
    const made = source();
    await made.start();
    await write('tokens.yaml', config('write'));
    await made.reload();
    expect(made.config.audiences.get('api')).to.deep.equal(new Set(['write']));
    await write('keys.json', jwksOf([new TokenKey('k2')]));
    await made.reload();
    await made.reload();
    expect(loads).to.equal(3);
    await made.stop();
  });

  it('keeps the last good state and tells once what is wrong, with file and line', async () => {
    const made = source();
    await made.start();
    await write(
      'tokens.yaml',
      config('read').replace('scopes: [read]}]\nclients', 'scope: [read]}]\nclients'),
    );
    await settle(made);
    await settle(made);
    expect(refusals).to.have.length(1);
    expect(refusals[0]).to.match(/tokens\.yaml:2:\d+ error .*"scope".*\[AP1101\]$/);
    expect(made.config.audiences.get('api')).to.deep.equal(new Set(['read']));
    await rm(join(directory.path, 'keys.json'));
    await write('tokens.yaml', config('read'));
    await settle(made);
    expect(refusals.at(-1)).to.match(/keys\.json cannot be read \[AP2103\]$/);
    await made.stop();
  });

  it('starts with the last good state when the files are broken, and refuses to start without one', async () => {
    const first = source();
    await first.start();
    await first.stop();
    await write('tokens.yaml', 'nonsense');
    const again = source();
    await again.start();
    expect(again.config.clients.has('edge')).to.equal(true);
    expect(refusals).to.have.length(1);
    await again.stop();
    await rm(join(directory.path, 'good.json'));
    const refused: unknown = await source()
      .start()
      .catch((thrown: unknown) => thrown);
    expect(refused).to.include({ code: 'TOKEN_CONFIG_INVALID' });
  });
});
