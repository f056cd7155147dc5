import type { NodeIdentity, NodeMatcher } from '../resources/node.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import { JsonShape } from './json-shape.ts';
import type { MemberFile } from './membership.ts';
import { sealFile, unsealFile } from './sealed-file.ts';
import type { AcceptedFile, PublishedGroup, StoreState } from './store-state.ts';

/** What the index says about one published group. */
export interface IndexedGroup {
  readonly files: readonly string[];
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Name of the file with its snapshot, in the same directory. */
  readonly fileName: string;
}

/** What the index says about one view. */
export interface IndexedView {
  readonly members: readonly MemberFile[];
  readonly groups: readonly IndexedGroup[];
}

/** Everything of a store's state but the snapshots. */
export interface StoreIndex {
  readonly treeHash: string | undefined;
  readonly accepted: ReadonlyMap<string, AcceptedFile>;
  readonly samples: readonly NodeIdentity[];
  readonly views: readonly IndexedView[];
}

/** The index of a state. Equal states and file names give equal bytes. */
export function encodeIndex(state: StoreState, fileNameOf: (group: PublishedGroup) => string): Buffer {
  const views = state.views.flatMap(({ membership, groups }) => {
    if (membership === undefined) return [];
    const published = [...groups.values()].flatMap(result =>
      result.kind === 'published' ? [result.group] : [],
    );
    return [
      {
        members: membership.members,
        groups: published.map(group => ({
          files: group.snapshot.files,
          version: group.snapshot.version,
          sinceMs: group.sinceMs,
          fileName: fileNameOf(group),
        })),
      },
    ];
  });
  const accepted = [...state.accepted.values()].map(file => ({
    ...file,
    resourceCounts: [...file.resourceCounts].map(([type, count]) => ({ type, count })),
  }));
  const samples = [...state.samples.values()].map(({ id, cluster, metadata }) => ({ id, cluster, metadata }));
  return sealFile(
    'index',
    Buffer.from(JSON.stringify({ treeHash: state.treeHash, accepted, samples, views })),
  );
}

/** @throws AuthplaneError STATE_CORRUPT. */
export function decodeIndex(name: string, bytes: Uint8Array): StoreIndex {
  const shape = new JsonShape(name);
  const index = shape.parse(unsealFile(name, 'index', bytes).toString('utf8'));
  const accepted = shape.list(index['accepted'], 'list of files', entry => decodeAccepted(shape, entry));
  return {
    treeHash: shape.optionalText(index['treeHash'], 'tree hash'),
    accepted: new Map(accepted.map(file => [file.path, file])),
    samples: shape.list(index['samples'], 'list of samples', entry => decodeSample(shape, entry)),
    views: shape.list(index['views'], 'list of views', entry => decodeView(shape, entry)),
  };
}

function decodeAccepted(shape: JsonShape, value: unknown): AcceptedFile {
  const { path, hash, matcher, resourceCounts } = shape.object(value, 'file');
  const counts = shape.list(resourceCounts, 'list of counts', entry => {
    const { type, count } = shape.object(entry, 'count');
    return [shape.text(type, 'type URL') as TypeUrl, shape.count(count, 'count')] as const;
  });
  return {
    path: shape.text(path, 'path'),
    hash: shape.text(hash, 'hash'),
    matcher: decodeMatcher(shape, matcher),
    resourceCounts: new Map(counts),
  };
}

function decodeMatcher(shape: JsonShape, value: unknown): NodeMatcher {
  const { ids, clusters, metadata } = shape.object(value, 'matcher');
  return {
    ids: shape.texts(ids, 'list of ids'),
    clusters: shape.texts(clusters, 'list of clusters'),
    metadata: shape.object(metadata, 'metadata'),
  };
}

function decodeSample(shape: JsonShape, value: unknown): NodeIdentity {
  const { id, cluster, metadata } = shape.object(value, 'sample');
  return {
    id: shape.text(id, 'id'),
    cluster: shape.text(cluster, 'cluster'),
    metadata: shape.object(metadata, 'metadata'),
  };
}

function decodeView(shape: JsonShape, value: unknown): IndexedView {
  const { members, groups } = shape.object(value, 'view');
  return {
    members: shape.list(members, 'list of members', entry => {
      const { path, matchers } = shape.object(entry, 'member');
      return {
        path: shape.text(path, 'path'),
        matchers: shape.list(matchers, 'list of matchers', matcher => decodeMatcher(shape, matcher)),
      };
    }),
    groups: shape.list(groups, 'list of groups', entry => {
      const { files, version, sinceMs, fileName } = shape.object(entry, 'group');
      return {
        files: shape.texts(files, 'list of files'),
        version: shape.text(version, 'version'),
        sinceMs: shape.count(sinceMs, 'time'),
        fileName: shape.text(fileName, 'file name'),
      };
    }),
  };
}
