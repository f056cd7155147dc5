import fc from 'fast-check';
import type { Reference } from '../../src/resources/reference.ts';
import type { Resource } from '../../src/resources/resource.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { CLUSTER, ENDPOINTS, LISTENER, ROUTE } from '../../src/resources/type-url.ts';
import { resource, snapshot } from '../support/resources.ts';

/** The content of a resource that a rejecting client refuses. */
export const BAD = 'bad';

const clusterNames = ['a', 'b', 'c', 'd'];
const routeNames = ['r1', 'r2'];
const listenerNames = ['l1', 'l2'];
const content = fc.constantFrom('1', '2', '3');

/** A consistent snapshot: every reference leads somewhere, every cluster has its endpoints. */
export function arbitrarySnapshot(badContent = false): fc.Arbitrary<Snapshot> {
  const text = badContent ? fc.oneof({ weight: 4, arbitrary: content }, fc.constant(BAD)) : content;
  return fc
    .record({
      clusters: fc.dictionary(
        fc.constantFrom(...clusterNames),
        fc.record({ content: text, endpoints: fc.option(fc.constantFrom('own', 'shared'), { freq: 3 }) }),
      ),
      endpointContents: fc.array(content, { minLength: 5, maxLength: 5 }),
      listeners: fc.dictionary(
        fc.constantFrom(...listenerNames),
        fc.record({ content: text, route: fc.constantFrom(...routeNames) }),
      ),
      routes: fc.tuple(
        fc.record({ content: text, cluster: fc.nat(3) }),
        fc.record({ content: text, cluster: fc.nat(3) }),
      ),
    })
    .map(spec => {
      const clusters = Object.entries(spec.clusters);
      const resources: Resource[] = [];
      const endpoints = new Set<string>();
      for (const [name, cluster] of clusters) {
        const service = cluster.endpoints === 'own' ? `${name}-endpoints` : 'shared-endpoints';
        if (cluster.endpoints !== null) endpoints.add(service);
        const references = cluster.endpoints === null ? [] : [to('endpoints', service)];
        // The endpoints' name is part of a cluster's content.
        resources.push(resource(CLUSTER, name, `${cluster.content} ${cluster.endpoints ?? ''}`, references));
      }
      [...endpoints].forEach((name, index) => {
        resources.push(resource(ENDPOINTS, name, spec.endpointContents[index % 5]));
      });
      for (const [name, listener] of Object.entries(spec.listeners)) {
        resources.push(
          resource(LISTENER, name, `${listener.content} ${listener.route}`, [to('route', listener.route)]),
        );
      }
      routeNames.forEach((name, index) => {
        const route = spec.routes[index as 0 | 1];
        const target = clusters[route.cluster % Math.max(1, clusters.length)]?.[0];
        const references = target === undefined ? [] : [to('cluster', target)];
        resources.push(resource(ROUTE, name, `${route.content} ${target ?? ''}`, references));
      });
      return Object.assign(snapshot(resources), { [fc.toStringMethod]: () => JSON.stringify(spec) });
    });
}

function to(kind: Reference['kind'], name: string): Reference {
  return { kind, name, path: [] };
}

/** One thing that happens on a stream; the queues of both directions move independently. */
export type Move =
  | { readonly kind: 'publish'; readonly snapshot: Snapshot }
  | { readonly kind: 'toServer' | 'toClient' | 'reconnect' | 'settle' }
  | { readonly kind: 'expire'; readonly which: number };

export interface MoveOptions {
  readonly badContent?: boolean;
  readonly reconnects?: boolean;
  readonly timeouts?: boolean;
}

export function arbitraryMoves(options: MoveOptions = {}): fc.Arbitrary<Move[]> {
  const moves: fc.WeightedArbitrary<Move>[] = [
    {
      weight: 3,
      arbitrary: arbitrarySnapshot(options.badContent).map(published => ({
        kind: 'publish',
        snapshot: published,
      })),
    },
    { weight: 6, arbitrary: fc.constantFrom<Move>({ kind: 'toServer' }, { kind: 'toClient' }) },
    { weight: 1, arbitrary: fc.constant<Move>({ kind: 'settle' }) },
  ];
  if (options.reconnects === true)
    moves.push({ weight: 1, arbitrary: fc.constant<Move>({ kind: 'reconnect' }) });
  if (options.timeouts === true) {
    moves.push({ weight: 1, arbitrary: fc.nat(3).map((which): Move => ({ kind: 'expire', which })) });
  }
  return fc.array(fc.oneof(...moves), { maxLength: 40 });
}
