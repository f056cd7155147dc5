import fc from 'fast-check';
import type { Load } from '../../../src/store/load.ts';
import { cluster, compiled, load, node, type FileParts, type LoadParts } from './loads.ts';

/** The nodes of the model: one that a file can name, another, and one that no file names. */
export const MODEL_NODES = [node('n0'), node('n1'), node('~', '~')];

/** One file in one step. */
export type ModelFile =
  | { readonly kind: 'absent' | 'unreadable' | 'refused' }
  | {
      readonly kind: 'good' | 'broken';
      readonly ids: readonly string[] | undefined;
      readonly content: string;
      /** In which groups the file is an error: never, with other files, or without. */
      readonly misfit: 'never' | 'together' | 'alone';
    };

export interface ModelLoad {
  readonly files: ReadonlyMap<string, ModelFile>;
  readonly guard: boolean;
}

const modelFile: fc.Arbitrary<ModelFile> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ kind: 'absent' } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('unreadable', 'refused') }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('good', 'good', 'good', 'broken'),
      ids: fc.constantFrom(undefined, ['n0'], ['n1'], ['n0', 'n1']),
      content: fc.constantFrom('1', '2'),
      misfit: fc.constantFrom('never', 'never', 'together', 'alone'),
    }),
  },
);

/** Loads of up to three files, of which many have errors. */
export const modelLoad: fc.Arbitrary<ModelLoad> = fc.record({
  files: fc
    .record({ 'a.yaml': modelFile, 'b.yaml': modelFile, 'c.yaml': modelFile })
    .map(files => new Map<string, ModelFile>(Object.entries(files))),
  guard: fc.boolean(),
});

/** The same load without any error. */
export function repaired(step: ModelLoad): ModelLoad {
  const files = [...step.files].map(([path, file]): [string, ModelFile] => {
    if (file.kind === 'absent') return [path, file];
    const ids = 'ids' in file ? file.ids : undefined;
    return [path, { kind: 'good', ids, content: '3', misfit: 'never' }];
  });
  return { files: new Map(files), guard: false };
}

/** What the store is given for a step. */
export function loadOf({ files }: ModelLoad): Load {
  const parts: FileParts[] = [];
  const refused: string[] = [];
  for (const [path, file] of files) {
    if (file.kind === 'refused') refused.push(path);
    else if (file.kind !== 'absent') parts.push(filePartsOf(path, file));
  }
  const groupError: LoadParts['groupError'] = group => (fits(files, group) ? undefined : 'does not fit');
  return load({ files: parts, refused, groupError });
}

function filePartsOf(path: string, file: ModelFile): FileParts {
  if (!('content' in file)) return { path, ids: null, broken: true };
  return {
    path,
    resources: [cluster(path, file.content)],
    broken: file.kind === 'broken',
    ...(file.ids === undefined ? {} : { ids: file.ids }),
  };
}

function fits(files: ModelLoad['files'], group: readonly string[]): boolean {
  return group.every(path => {
    const file = files.get(path);
    if (file === undefined || !('misfit' in file)) return false;
    return file.misfit === 'never' || file.misfit === (group.length === 1 ? 'together' : 'alone');
  });
}

/** What a node is served: `<group key>@<version>`. */
export type Served = string | undefined;

type Ids = readonly string[] | undefined;

/**
 * The whole contract in a few lines: each node by itself, remembering what it was served. The real store keeps no
 * such memory of nodes.
 */
export class StoreModel {
  /** What a node that connects now is served. */
  readonly served = new Map<string, Served>();
  /** What a node keeps that has been connected all the time. */
  readonly kept = new Map<string, Served>();
  #accepted = new Map<string, Ids>();

  /** The result is whether the load was taken, as a whole or in part. */
  apply({ files, guard }: ModelLoad): boolean {
    const present = [...files].filter(([, file]) => file.kind !== 'absent');
    if (present.length === 0 && guard && this.#accepted.size > 0) return false;
    const wanted = new Map<string, readonly Ids[]>();
    for (const [path, file] of present) {
      const matchers = [
        ...('ids' in file ? [file.ids] : []),
        ...(file.kind !== 'good' && this.#accepted.has(path) ? [this.#accepted.get(path)] : []),
      ];
      if (matchers.length === 0) return false;
      wanted.set(path, matchers);
    }
    const published = new Set<string>();
    const held = new Set<string>();
    for (const { id } of MODEL_NODES) {
      const group = [...wanted]
        .filter(([, lists]) => lists.some(ids => ids?.includes(id) ?? true))
        .map(([path]) => path);
      const good = group.every(path => files.get(path)?.kind === 'good') && fits(files, group);
      if (group.length === 0) this.served.set(id, undefined);
      else if (good) this.#serve(id, files, group);
      for (const path of group) (good ? published : held).add(path);
    }
    this.#accept(present, published, held);
    return true;
  }

  #serve(id: string, files: ModelLoad['files'], group: readonly string[]): void {
    const parts = group.map(path => filePartsOf(path, files.get(path) ?? { kind: 'absent' }));
    const { nodeGroup, version } = compiled(parts);
    this.served.set(id, `${nodeGroup}@${version}`);
    this.kept.set(id, `${nodeGroup}@${version}`);
  }

  #accept(
    present: readonly (readonly [string, ModelFile])[],
    published: ReadonlySet<string>,
    held: ReadonlySet<string>,
  ): void {
    const accepted = new Map<string, Ids>();
    for (const [path, file] of present) {
      if (file.kind === 'good' && (published.has(path) || !held.has(path))) accepted.set(path, file.ids);
      else if (this.#accepted.has(path)) accepted.set(path, this.#accepted.get(path));
    }
    this.#accepted = accepted;
  }
}
