import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import type { AuthplaneError } from '../../src/platform/errors.ts';
import { makeResource } from '../../src/resources/frame.ts';
import { SECRET } from '../../src/resources/type-url.ts';
import { acceptLoad } from '../../src/store/acceptance.ts';
import { LastKnownGood } from '../../src/store/last-known-good.ts';
import { ResourceStore } from '../../src/store/resource-store.ts';
import { openStateDirectory } from '../../src/store/state-directory.ts';
import { CLEAR_TEXT, encryptedWith, type StateCipher } from '../../src/store/state-cipher.ts';
import { EMPTY_STATE, placeNode, type StoreState } from '../../src/store/store-state.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { cluster, clusters, contentOf, load, node, type FileParts, type LoadParts } from './support/loads.ts';
import { loadOf, MODEL_NODES, modelLoad, StoreModel } from './support/store-model.ts';

class Saves {
  readonly groupFiles: number[] = [];
  readonly failures: AuthplaneError[] = [];
  saved(groupFiles: number): void {
    this.groupFiles.push(groupFiles);
  }
  saveFailed(error: AuthplaneError): void {
    this.failures.push(error);
  }
}

/** How the tests of the moment write. */
let cipher: StateCipher = CLEAR_TEXT;

/** A state directory, opened, with what `use` needs; closed afterwards, so that it can be opened again. */
async function withState<T>(path: string, use: (lkg: LastKnownGood, saves: Saves) => Promise<T>): Promise<T> {
  await using directory = await openStateDirectory(path);
  const saves = new Saves();
  const lkg = await LastKnownGood.open({ directory, observer: saves, cipher });
  const result = await use(lkg, saves);
  await lkg.flush();
  return result;
}

/** Saves a state as a process would that ends then. */
async function save(path: string, state: StoreState): Promise<void> {
  await withState(path, (lkg, saves) => {
    lkg.save(state);
    return lkg.flush().then(() => expect(saves.failures).to.be.empty);
  });
}

function restore(path: string): ReturnType<LastKnownGood['load']> {
  return withState(path, lkg => lkg.load());
}

function after(...loads: readonly LoadParts[]): StoreState {
  return loads.reduce(
    (state, parts) => acceptLoad(state, load(parts), { nowMs: 1, nodes: [], shrinkGuard: true }).state,
    EMPTY_STATE,
  );
}

function served(state: StoreState, id: string): readonly string[] | undefined {
  const placement = placeNode(state, node(id));
  return contentOf(placement.kind === 'served' ? placement.group.snapshot : undefined);
}

const edge: FileParts = { path: 'edge.yaml', ids: ['edge-*'], resources: [cluster('edge')] };
const core: FileParts = { path: 'core.yaml', ids: ['core-*'], resources: [cluster('core')] };
const folder = 'last-known-good';

async function groupFiles(path: string): Promise<readonly string[]> {
  return (await readdir(join(path, folder))).filter(name => name.endsWith('.group')).sort();
}

async function damage(file: string, index?: number): Promise<void> {
  const bytes = await readFile(file);
  const at = index ?? bytes.length - 1;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
  await writeFile(file, bytes);
}

for (const [title, used] of [
  ['in clear text', CLEAR_TEXT],
  ['encrypted', encryptedWith(randomBytes(32))],
] as const) {
  describe(`LastKnownGood ${title}`, () => {
    before(() => {
      cipher = used;
    });

    it('finds nothing in a new directory', async () => {
      await using directory = await temporaryDirectory();
      expect(await restore(directory.path)).to.deep.equal({ state: EMPTY_STATE, problems: [] });
    });

    it('serves after a restart what was served before, whatever was loaded', async function () {
      this.timeout(60_000);
      const loads = fc.array(modelLoad, { minLength: 1, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(loads, loads, async (before, later) => {
          await using directory = await temporaryDirectory();
          const model = new StoreModel();
          let state = EMPTY_STATE;
          const apply = (steps: typeof before): void => {
            for (const step of steps) {
              model.apply(step);
              const context = { nowMs: 1, nodes: MODEL_NODES, shrinkGuard: step.guard };
              ({ state } = acceptLoad(state, loadOf(step), context));
            }
          };
          const check = (): void => {
            for (const entry of MODEL_NODES) {
              const placement = placeNode(state, entry);
              const snapshot = placement.kind === 'served' ? placement.group.snapshot : undefined;
              expect(snapshot && `${snapshot.nodeGroup}@${snapshot.version}`).to.equal(
                model.served.get(entry.id),
              );
            }
          };
          apply(before);
          await save(directory.path, state);
          const { accepted } = state;
          const restored = await restore(directory.path);
          ({ state } = restored);
          expect(restored.problems).to.be.empty;
          expect(state.accepted).to.deep.equal(accepted);
          check();
          apply(later);
          check();
        }),
        { numRuns: 60 },
      );
    });

    it('writes one private file for each group and removes those that are no longer served', async () => {
      await using directory = await temporaryDirectory();
      const path = join(directory.path, 'state');
      const umask = process.umask(0o777);
      try {
        process.umask(0);
        await withState(path, async (lkg, saves) => {
          lkg.save(after({ files: [edge, core] }));
          await lkg.flush();
          expect(await groupFiles(path)).to.have.length(2);
          const edited = { ...edge, resources: [cluster('edge', '2')] };
          lkg.save(after({ files: [edge, core] }, { files: [edited, core] }));
          await lkg.flush();
          expect(saves.groupFiles).to.deep.equal([2, 1]);
        });
      } finally {
        process.umask(umask);
      }
      expect(await groupFiles(path)).to.have.length(2);
      expect((await stat(path)).mode & 0o777).to.equal(0o700);
      expect((await stat(join(path, folder))).mode & 0o777).to.equal(0o700);
      for (const name of await readdir(join(path, folder))) {
        expect((await stat(join(path, folder, name))).mode & 0o777, name).to.equal(0o600);
      }
    });

    it('writes private files also under a umask that takes everything away', async () => {
      await using directory = await temporaryDirectory();
      const umask = process.umask(0o277);
      try {
        await withState(directory.path, async lkg => {
          lkg.save(after({ files: [edge] }));
          await lkg.flush();
        });
      } finally {
        process.umask(umask);
      }
      for (const name of await readdir(join(directory.path, folder))) {
        expect((await stat(join(directory.path, folder, name))).mode & 0o777, name).to.equal(0o600);
      }
    });

    it('writes only the newest of states that come while it writes', async () => {
      await using directory = await temporaryDirectory();
      const states = Array.from({ length: 20 }, (_, index) =>
        after({ files: [{ ...edge, resources: [cluster('edge', String(index))] }] }),
      );
      const saves = await withState(directory.path, async (lkg, observed) => {
        for (const state of states) lkg.save(state);
        await lkg.flush();
        return observed;
      });
      expect(saves.groupFiles).to.have.length(2);
      const restored = await restore(directory.path);
      expect(served(restored.state, 'edge-1')).to.deep.equal(contentOfFile(cluster('edge', '19')));
      expect(await groupFiles(directory.path)).to.have.length(1);
    });

    it('reports a save that fails, keeps what was there, and saves the next state', async () => {
      await using directory = await temporaryDirectory();
      await save(directory.path, after({ files: [edge] }));
      await withState(directory.path, async (lkg, saves) => {
        // What stands in the way of the index cannot be replaced by a file.
        const index = join(directory.path, folder, 'index');
        const old = await readFile(index);
        await rm(index);
        await mkdir(join(index, 'in-the-way'), { recursive: true });
        lkg.save(after({ files: [edge, core] }));
        await lkg.flush();
        expect(saves.failures.map(({ code }) => code)).to.deep.equal(['STATE_DIR_UNUSABLE']);
        await rm(index, { recursive: true });
        await writeFile(index, old);
        const { state } = await lkg.load();
        expect(served(state, 'edge-1')).not.to.equal(undefined);
        lkg.save(after({ files: [edge, core] }));
        await lkg.flush();
        expect(saves.failures).to.have.length(1);
        expect(served((await lkg.load()).state, 'core-1')).not.to.equal(undefined);
      });
    });

    it('saves nothing more once another process has taken the directory over', async () => {
      await using directory = await temporaryDirectory();
      await withState(directory.path, async (lkg, saves) => {
        const lock = join(directory.path, 'lock');
        const own = JSON.parse(await readFile(lock, 'utf8')) as object;
        await writeFile(lock, JSON.stringify({ ...own, host: 'other', token: 'other' }));
        lkg.save(after({ files: [edge] }));
        await lkg.flush();
        expect(saves.failures.map(({ code }) => code)).to.deep.equal(['STATE_DIR_UNUSABLE']);
        expect(await groupFiles(directory.path)).to.be.empty;
      });
    });

    it('serves the old state after a crash at any point of a save, and removes what it left', async () => {
      await using directory = await temporaryDirectory();
      await save(directory.path, after({ files: [edge] }));
      const path = join(directory.path, folder);
      const halfWritten = ['.index.0123456789ab.tmp', `.${'0'.repeat(40)}.group.0123456789ab.tmp`];
      for (const name of halfWritten) await writeFile(join(path, name), 'authplane-last-known-good 1 ind');
      // Between the files of groups and the index: a complete file that the index does not name.
      await writeFile(
        join(path, `${'f'.repeat(40)}.group`),
        await readFile(join(path, (await groupFiles(directory.path))[0] ?? '')),
      );
      const restored = await restore(directory.path);
      expect(restored.problems).to.be.empty;
      expect(served(restored.state, 'edge-1')).not.to.equal(undefined);
      await save(directory.path, restored.state);
      expect(await readdir(path)).to.have.length(2);
    });

    it('refuses a damaged group and still serves the others', async () => {
      await using directory = await temporaryDirectory();
      const state = after({ files: [edge, core] });
      await save(directory.path, state);
      const [first = ''] = await groupFiles(directory.path);
      await damage(join(directory.path, folder, first));
      const restored = await restore(directory.path);
      expect(restored.problems.map(({ code }) => code)).to.deep.equal(['STATE_CORRUPT']);
      expect(restored.problems[0]?.message).to.contain(first);
      const left = ['edge-1', 'core-1'].filter(id => served(restored.state, id) !== undefined);
      expect(left).to.have.length(1);
      expect(restored.state.accepted).to.deep.equal(state.accepted);
    });

    it('writes a damaged file again when its group is served again', async () => {
      await using directory = await temporaryDirectory();
      const state = after({ files: [edge] });
      await save(directory.path, state);
      const [name = ''] = await groupFiles(directory.path);
      await damage(join(directory.path, folder, name));
      await withState(directory.path, async lkg => {
        await lkg.load();
        lkg.save(state);
        await lkg.flush();
      });
      expect((await restore(directory.path)).problems).to.be.empty;
    });

    it('reports a missing group', async () => {
      await using directory = await temporaryDirectory();
      await save(directory.path, after({ files: [edge, core] }));
      await rm(join(directory.path, folder, (await groupFiles(directory.path))[0] ?? ''));
      const { problems } = await restore(directory.path);
      expect(problems.map(({ code }) => code)).to.deep.equal(['STATE_DIR_UNUSABLE']);
    });

    it('refuses a damaged index at every byte', async () => {
      await using directory = await temporaryDirectory();
      await save(directory.path, after({ files: [edge] }));
      const index = join(directory.path, folder, 'index');
      const { length } = await readFile(index);
      await withState(directory.path, async lkg => {
        for (let at = 0; at < length; at += 5) {
          await damage(index, at);
          const { state, problems } = await lkg.load();
          expect(problems.map(({ code }) => code)).to.deep.equal(['STATE_CORRUPT']);
          expect(state).to.equal(EMPTY_STATE);
          await damage(index, at);
        }
        expect((await lkg.load()).problems).to.be.empty;
      });
    });

    it('refuses a file of one group in the place of another', async () => {
      await using directory = await temporaryDirectory();
      await save(directory.path, after({ files: [edge, core] }));
      const [first = '', second = ''] = await groupFiles(directory.path);
      const path = join(directory.path, folder);
      await writeFile(join(path, first), await readFile(join(path, second)));
      const { problems } = await restore(directory.path);
      expect(problems.map(({ code }) => code)).to.deep.equal(['STATE_CORRUPT']);
    });

    it('makes a directory private that others could read', async () => {
      await using directory = await temporaryDirectory();
      await save(directory.path, after({ files: [edge] }));
      await chmod(join(directory.path, folder), 0o755);
      await restore(directory.path);
      expect((await stat(join(directory.path, folder))).mode & 0o777).to.equal(0o700);
    });

    it('refuses a file in the place of its directory', async () => {
      await using directory = await temporaryDirectory();
      await writeFile(join(directory.path, folder), '');
      const problem = await restore(directory.path).catch((thrown: unknown) => thrown);
      expect(problem).to.have.property('code', 'STATE_DIR_UNUSABLE');
    });

    it('tells no secret in any report about damaged files', async () => {
      await using directory = await temporaryDirectory();
      const canary = 'canary-key-material';
      const secret = makeResource({ typeUrl: SECRET, name: 'tls', body: Buffer.from(canary) });
      await save(directory.path, after({ files: [{ ...edge, resources: [secret] }] }));
      const [name = ''] = await groupFiles(directory.path);
      const file = join(directory.path, folder, name);
      expect((await readFile(file)).includes(canary)).to.equal(cipher === CLEAR_TEXT);
      expect((await readFile(join(directory.path, folder, 'index'))).includes(canary)).to.equal(false);
      await damage(file);
      const { problems } = await restore(directory.path);
      expect(problems).to.have.length(1);
      expect(
        problems
          .map(problem => `${problem.message} ${String(problem.stack)} ${String(problem.cause)}`)
          .join(),
      ).not.to.contain(canary);
    });

    it('seeds a store that says its source is stale until a load confirms it', async () => {
      await using directory = await temporaryDirectory();
      await save(directory.path, after({ files: [edge, core] }));
      const { state } = await restore(directory.path);
      const observer = { callbackFailed: () => undefined, groupHeld: () => undefined };
      const store = new ResourceStore({ clock: new FakeClock(), observer, restored: state });
      const given: unknown[] = [];
      store.join(node('edge-1'), snapshot => given.push(snapshot));
      expect(given).to.have.length(1);
      expect(store.groups().map(group => group.state)).to.deep.equal(['stale-source', 'stale-source']);
      const outcome = store.apply(load({ files: [{ ...edge, ids: null, broken: true }, core] }));
      expect(outcome.result).to.equal('invalid');
      expect(store.groups().map(group => [group.key, group.state])).to.deep.equal([
        ['core.yaml', 'current'],
        ['edge.yaml', 'stale-source'],
      ]);
      expect(store.apply(load({ files: [edge, core] })).result).to.equal('unchanged');
      expect(store.groups().map(group => group.state)).to.deep.equal(['current', 'current']);
      expect(given).to.have.length(1);
    });

    it('counts as the last accepted load for the shrink guard after a restart', async () => {
      await using directory = await temporaryDirectory();
      await save(directory.path, after({ files: [{ ...edge, resources: clusters(40) }] }));
      const { state } = await restore(directory.path);
      const context = { nowMs: 1, nodes: [], shrinkGuard: true };
      expect(acceptLoad(state, load({ files: [] }), context).outcome.result).to.equal('guarded');
      expect(acceptLoad(state, load({ files: [edge] }), context).outcome.result).to.equal('guarded');
    });

    it('remembers groups that only real nodes revealed', async () => {
      await using directory = await temporaryDirectory();
      const files = [edge, { path: 'z.yaml', ids: ['*-z'], resources: [cluster('z')] }];
      const base = after({ files });
      const nodes = [node('edge-z', 'c', { region: 'eu' })];
      const { state } = acceptLoad(base, load({ files }), { nowMs: 1, nodes, shrinkGuard: true });
      await save(directory.path, state);
      const restored = await restore(directory.path);
      expect([...restored.state.samples]).to.deep.equal([['edge.yaml,z.yaml', nodes[0]]]);
      expect(served(restored.state, 'edge-new-z')).to.have.length(2);
    });
  });

  function contentOfFile(entry: ReturnType<typeof cluster>): readonly string[] {
    return [`${entry.name}@${entry.version}`];
  }
}
