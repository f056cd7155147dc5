import { matchesNode, type NodeIdentity, type NodeMatcher } from '../resources/node.ts';
import { nodeGroupKey } from '../resources/snapshot.ts';
import { representativesOf } from './representatives.ts';

/** A file and whom it is for: proxies that one of the matchers matches (none: nobody). */
export interface MemberFile {
  readonly path: string;
  readonly matchers: readonly NodeMatcher[];
}

/** The files that a proxy gets, sorted; none when no file matches it. */
export interface FileGroup {
  readonly key: string;
  readonly files: readonly string[];
}

/** Bounds the groups that are computed from the files alone, over all files. */
const MAX_REPRESENTATIVES = 4096;

/**
 * Which proxies get which files in one load. Immutable; remembers its answers by the identity of the node object,
 * so that thousands of joined nodes cost a look-up each. Loads with equal matchers share one object.
 */
export class Membership {
  /** Sorted by path. */
  readonly members: readonly MemberFile[];
  /** Equal for equal members. */
  readonly signature: string;
  /** Files with equal matchers are decided once. */
  readonly #distinct: ReadonlyMap<
    string,
    { readonly matchers: readonly NodeMatcher[]; readonly paths: string[] }
  >;
  readonly #groups = new Map<string, FileGroup>();
  readonly #answers = new WeakMap<NodeIdentity, FileGroup>();
  #representatives: readonly NodeIdentity[] | undefined;

  constructor(members: readonly MemberFile[]) {
    this.members = [...members].sort((a, b) => (a.path < b.path ? -1 : 1));
    this.signature = JSON.stringify(this.members);
    const distinct = new Map<
      string,
      { readonly matchers: readonly NodeMatcher[]; readonly paths: string[] }
    >();
    for (const { path, matchers } of this.members) {
      const signature = JSON.stringify(matchers);
      const known = distinct.get(signature);
      if (known === undefined) distinct.set(signature, { matchers, paths: [path] });
      else known.paths.push(path);
    }
    this.#distinct = distinct;
  }

  /** The group of a proxy. The same object for every proxy of the group. */
  groupOf(node: NodeIdentity): FileGroup {
    const known = this.#answers.get(node);
    if (known !== undefined) return known;
    const files: string[] = [];
    for (const { matchers, paths } of this.#distinct.values()) {
      if (matchers.some(matcher => matchesNode(matcher, node))) files.push(...paths);
    }
    const key = nodeGroupKey(files);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { key, files: files.sort() };
      this.#groups.set(key, group);
    }
    this.#answers.set(node, group);
    return group;
  }

  /** Made-up proxies that cover the matchers of all files. */
  get representatives(): readonly NodeIdentity[] {
    return (this.#representatives ??= [...this.#distinct.values()]
      .flatMap(({ matchers }) => matchers.flatMap(matcher => representativesOf(matcher)))
      .slice(0, MAX_REPRESENTATIVES));
  }
}
