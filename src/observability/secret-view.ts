import type { SecretDetail, SecretNodeStatus, SecretStatus } from '../admin/secret-status.ts';
import { holdingOf, type Holding } from '../fleet/held-versions.ts';
import type { NodeView } from '../fleet/node-view.ts';
import { grantProblem } from '../resources/grant.ts';
import { SECRET } from '../resources/type-url.ts';
import type { ServedSecret } from '../store/group-status.ts';

/** Ids that are listed; more than this nobody reads. */
const MAX_BEHIND = 100;

/** All secrets in the form of the admin API: who has them, and who is behind. Nothing of their content. */
export function secretStatuses(
  secrets: readonly ServedSecret[],
  nodes: readonly NodeView[],
): readonly SecretStatus[] {
  const byGroup = Map.groupBy(nodes.filter(isConnected), ({ group }) => group ?? '');
  return secrets.map(secret => summaryOf(secret, byGroup.get(secret.group) ?? []));
}

/** One secret with every connected proxy: whether it may have it, why not, and what it has. Undefined: no such secret is served. */
export function secretDetail(
  name: string,
  secrets: readonly ServedSecret[],
  nodes: readonly NodeView[],
): SecretDetail | undefined {
  const named = secrets.filter(secret => secret.name === name);
  if (named.length === 0) return undefined;
  const connected = nodes.filter(isConnected);
  return {
    name,
    secrets: secretStatuses(named, nodes),
    nodes: connected.map(view => nodeStatus(view, named)),
  };
}

function summaryOf(secret: ServedSecret, nodes: readonly NodeView[]): SecretStatus {
  const { name, group, kind, origin, notAfterMs, fingerprints, grant } = secret;
  const holdings = nodes.map(view => ({ id: view.node.id, holding: holdingOfNode(view, secret) }));
  const idsOf = (wanted: Holding): readonly string[] =>
    holdings.filter(({ holding }) => holding === wanted).map(({ id }) => id);
  return {
    name,
    group,
    kind: kind ?? null,
    file: origin.file,
    line: origin.line,
    not_after: notAfterMs === undefined ? null : new Date(notAfterMs).toISOString(),
    fingerprints,
    grant: grant ?? null,
    accepted: idsOf('accepted').length,
    behind: idsOf('behind').slice(0, MAX_BEHIND),
  };
}

function nodeStatus(view: NodeView, named: readonly ServedSecret[]): SecretNodeStatus {
  const { node, group } = view;
  const base = { node: node.id, cluster: node.cluster, spiffe: node.spiffeIds ?? [] };
  const secret = named.find(entry => entry.group === group);
  if (secret === undefined) {
    const reason =
      group === undefined
        ? 'no snapshot file matches the proxy'
        : `the secret is none of its files (${group}); it is in ${named.map(entry => entry.group).join(' and in ')}`;
    return { ...base, access: 'denied', reason, state: 'unused' };
  }
  const problem = secret.grant === undefined ? undefined : grantProblem(secret.grant, node);
  const state = holdingOfNode(view, secret);
  if (problem !== undefined) return { ...base, access: 'denied', reason: problem, state };
  const reason =
    secret.grant === undefined ? 'a resource of its files refers to it' : 'the grant of the secret names it';
  return { ...base, access: 'granted', reason, state };
}

/** Of several streams the one that is worst off counts. */
function holdingOfNode({ streams }: NodeView, { name, version }: ServedSecret): Holding {
  const holdings = streams.flatMap(({ types }) => {
    const held = types.get(SECRET)?.held;
    return held === undefined ? [] : [holdingOf(held, name, version)];
  });
  if (holdings.includes('behind')) return 'behind';
  return holdings.includes('accepted') ? 'accepted' : 'unused';
}

function isConnected({ streams }: NodeView): boolean {
  return streams.length > 0;
}
