import { makeResource } from '../src/resources/frame.ts';
import { ResourceSet } from '../src/resources/resource-set.ts';
import type { Resource } from '../src/resources/resource.ts';
import { makeSnapshot, type Snapshot } from '../src/resources/snapshot.ts';
import type { TypeUrl } from '../src/resources/type-url.ts';

/** Bytes of a body: about those of an EDS cluster with time-outs and circuit breakers. */
const BODY_BYTES = 280;

/** The names of the resources that the protocol is measured with. */
export function clusterNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `service-${String(index).padStart(5, '0')}`);
}

function bodyOf(name: string, revision: number): Buffer {
  return Buffer.from(`${name} ${revision} `.padEnd(BODY_BYTES, name));
}

/**
 * Snapshots with `count` resources of one type, each with another body in one resource than the one before. The bodies are no real
 * messages: the protocol never looks into them.
 */
export function snapshotChain(typeUrl: TypeUrl, count: number, length: number): readonly Snapshot[] {
  const names = clusterNames(count);
  let current = new Map<string, Resource>(
    names.map(name => [name, makeResource({ typeUrl, name, body: bodyOf(name, 0) })]),
  );
  const chain = [snapshotOf(typeUrl, current)];
  for (let revision = 1; revision < length; revision++) {
    const name = names[(revision * 7) % count] ?? '';
    current = new Map(current).set(name, makeResource({ typeUrl, name, body: bodyOf(name, revision) }));
    chain.push(snapshotOf(typeUrl, current));
  }
  return chain;
}

function snapshotOf(typeUrl: TypeUrl, byName: ReadonlyMap<string, Resource>): Snapshot {
  return makeSnapshot(['bench.yaml'], new Map([[typeUrl, new ResourceSet(byName)]]));
}
