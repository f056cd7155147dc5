import type { Diagnostic } from '../../../src/resources/diagnostic.ts';
import { MATCH_ALL, type NodeIdentity, type NodeMatcher } from '../../../src/resources/node.ts';
import { ResourceSet } from '../../../src/resources/resource-set.ts';
import type { Resource } from '../../../src/resources/resource.ts';
import { makeSnapshot, type Snapshot } from '../../../src/resources/snapshot.ts';
import { CLUSTER, type TypeUrl } from '../../../src/resources/type-url.ts';
import type { Load, LoadedFile } from '../../../src/store/load.ts';
import { resource } from '../../support/resources.ts';

/** What a test says about one file. */
export interface FileParts {
  readonly path: string;
  /** Globs of node ids; absent: all nodes. Null: cannot be read. */
  readonly ids?: readonly string[] | null;
  readonly resources?: readonly Resource[];
  /** The file has an error of its own. */
  readonly broken?: boolean;
}

export interface LoadParts {
  readonly files: readonly FileParts[];
  /** Paths of files that could not be taken. */
  readonly refused?: readonly string[];
  /** The error of a group, if it has one. */
  readonly groupError?: (files: readonly string[]) => string | undefined;
  /** Called with each group that is compiled. */
  readonly compiled?: (files: readonly string[]) => void;
  readonly treeHash?: string;
}

export function node(
  id: string,
  cluster = '',
  metadata: Readonly<Record<string, unknown>> = {},
): NodeIdentity {
  return { id, cluster, metadata };
}

export function idMatcher(...ids: readonly string[]): NodeMatcher {
  return { ids, clusters: [], metadata: {} };
}

/** A cluster, whose body says its content. */
export function cluster(name: string, content = '1'): Resource {
  return resource(CLUSTER, name, content);
}

/** `count` clusters `<prefix>0`, `<prefix>1` ... */
export function clusters(count: number, prefix = 'c'): readonly Resource[] {
  return Array.from({ length: count }, (_, index) => cluster(`${prefix}${index}`));
}

function errorIn(file: string, message = 'is broken'): Diagnostic {
  return { file, line: 1, column: 1, severity: 'error', code: 'AP1101', message };
}

let trees = 0;

/** A load as the compiler would give it. */
export function load(parts: LoadParts): Load {
  const byPath = new Map(parts.files.map(file => [file.path, file]));
  return {
    treeHash: parts.treeHash ?? `tree${trees++}`,
    files: parts.files.map(loadedFile),
    refused: (parts.refused ?? []).map(path => errorIn(path, 'cannot be taken')),
    compile: files => {
      parts.compiled?.(files);
      const message = parts.groupError?.(files);
      if (message !== undefined) return { ok: false, diagnostics: [errorIn(files[0] ?? '', message)] };
      const broken = files.filter(path => byPath.get(path)?.broken);
      if (broken.length > 0) return { ok: false, diagnostics: broken.map(path => errorIn(path)) };
      return { ok: true, value: compiled(files.map(path => byPath.get(path))), warnings: [] };
    },
  };
}

/** The snapshot that `load` compiles from these files. */
export function compiled(files: readonly (FileParts | undefined)[]): Snapshot {
  const byType = new Map<TypeUrl, Resource[]>();
  const paths: string[] = [];
  for (const file of files) {
    if (file === undefined) throw new Error('the load has no such file');
    if (file.broken === true) throw new Error('a broken file must not be compiled');
    paths.push(file.path);
    for (const entry of file.resources ?? []) {
      const list = byType.get(entry.typeUrl);
      if (list === undefined) byType.set(entry.typeUrl, [entry]);
      else list.push(entry);
    }
  }
  return makeSnapshot(paths, new Map([...byType].map(([typeUrl, list]) => [typeUrl, ResourceSet.of(list)])));
}

function loadedFile({ path, ids, resources = [], broken = false }: FileParts): LoadedFile {
  const counts = new Map<TypeUrl, number>();
  for (const { typeUrl } of resources) counts.set(typeUrl, (counts.get(typeUrl) ?? 0) + 1);
  return {
    path,
    hash: `hash of ${path}`,
    matcher: ids === null ? undefined : ids === undefined ? MATCH_ALL : idMatcher(...ids),
    ok: !broken,
    diagnostics: broken ? [errorIn(path)] : [],
    resourceCounts: counts,
  };
}

/** `name=content` of every resource of a snapshot, sorted. */
export function contentOf(snapshot: Snapshot | undefined): readonly string[] | undefined {
  return (
    snapshot &&
    [...snapshot.resources.values()]
      .flatMap(set => [...set.byName.values()].map(entry => `${entry.name}@${entry.version}`))
      .sort()
  );
}
