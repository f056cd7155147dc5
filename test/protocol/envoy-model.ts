import type { DeltaRequest, SotwRequest, StreamRequest } from '../../src/protocol/request.ts';
import type { Update } from '../../src/protocol/update.ts';
import type { Reference } from '../../src/resources/reference.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { CLUSTER, ENDPOINTS, LISTENER, ROUTE, type TypeUrl } from '../../src/resources/type-url.ts';

/** What an Envoy does, as far as a control plane can see it: enough to find what would fail requests. */
export class EnvoyModel {
  readonly variant: 'sotw' | 'delta';
  /** Accepted resources by type; a changed cluster joins only when it is warm. */
  readonly held = new Map<TypeUrl, Map<string, Resource>>();
  /** Requests on their way to the server. */
  readonly outbox: StreamRequest[] = [];
  /** Requests that would have failed: a route in use names a cluster that is not there. */
  readonly outages: string[] = [];
  readonly #rejects: (resource: Resource) => boolean;
  readonly #warming = new Map<string, Resource>();
  readonly #nonces = new Map<TypeUrl, string>();
  /** SotW: `version_info` of the last response that was not rejected; told on later streams too. */
  readonly #accepted = new Map<TypeUrl, string>();
  /** Delta: what was last not rejected of each resource; a rejected response leaves it as it is, although its good part is in use. */
  readonly #claims = new Map<TypeUrl, Map<string, string>>();
  /** Clusters that warmed when the stream broke. */
  readonly #warmingSince = new Set<string>();
  #withheldClusterAcks: string[] = [];
  readonly #told = new Map<TypeUrl, ReadonlySet<string>>();

  constructor(variant: 'sotw' | 'delta', rejects: (resource: Resource) => boolean = () => false) {
    this.variant = variant;
    this.#rejects = rejects;
    for (const typeUrl of [CLUSTER, ENDPOINTS, LISTENER, ROUTE]) this.held.set(typeUrl, new Map());
  }

  /** Opens a stream: the first requests of all types that the model has a use for. */
  connect(): void {
    this.outbox.length = 0;
    this.#nonces.clear();
    this.#told.clear();
    this.#withheldClusterAcks = [];
    for (const name of this.#warming.keys()) this.#warmingSince.add(name);
    this.#request(CLUSTER);
    if (this.#needed(ENDPOINTS).size > 0) this.#request(ENDPOINTS);
    this.#request(LISTENER);
    if (this.#needed(ROUTE).size > 0) this.#request(ROUTE);
  }

  receive(update: Update, nonce: string): void {
    const { typeUrl } = update;
    const rejected = update.resources.some(resource => this.#rejects(resource));
    this.#nonces.set(typeUrl, nonce);
    this.#apply(update);
    if (!rejected) this.#claim(update);
    if (rejected) {
      this.#acknowledge(typeUrl, nonce, `rejected ${typeUrl}`);
    } else if (typeUrl === CLUSTER && this.#warming.size > 0) {
      this.#withheldClusterAcks.push(nonce);
    } else {
      this.#acknowledge(typeUrl, nonce);
    }
    this.#askForMore(typeUrl);
    if (typeUrl === ENDPOINTS || typeUrl === CLUSTER) this.#releaseClusterAcks();
    this.#lookForOutages(`after ${typeUrl} ${nonce}`);
  }

  has(typeUrl: TypeUrl): Map<string, Resource> {
    return this.held.get(typeUrl) ?? new Map<string, Resource>();
  }

  /** Names that the accepted resources make the client ask for. */
  #needed(typeUrl: TypeUrl): Set<string> {
    const [users, kind]: [Iterable<Resource>, Reference['kind']] =
      typeUrl === ENDPOINTS
        ? [[...this.has(CLUSTER).values(), ...this.#warming.values()], 'endpoints']
        : [this.has(LISTENER).values(), 'route'];
    const names = new Set<string>();
    for (const user of users) {
      for (const reference of user.references) if (reference.kind === kind) names.add(reference.name);
    }
    return names;
  }

  #apply(update: Update): void {
    const held = this.has(update.typeUrl);
    const good = update.resources.filter(resource => !this.#rejects(resource));
    if (update.typeUrl === CLUSTER) this.#applyClusters(update, good);
    else if (update.typeUrl === LISTENER && update.variant === 'sotw') replaceAll(held, update, good);
    else
      for (const resource of good.filter(entry => this.#isWatched(entry))) held.set(resource.name, resource);
    if (update.typeUrl !== CLUSTER) for (const name of update.removed) held.delete(name);
    if (update.typeUrl === ENDPOINTS) this.#warmOn(good.map(resource => resource.name));
  }

  /** Envoy passes over what it does not watch (any more). */
  #isWatched(resource: Resource): boolean {
    return resource.typeUrl === LISTENER || this.#needed(resource.typeUrl).has(resource.name);
  }

  #applyClusters(update: Update, good: readonly Resource[]): void {
    const active = this.has(CLUSTER);
    const gone =
      update.variant === 'delta'
        ? update.removed
        : [...active.keys(), ...this.#warming.keys()].filter(
            name => !update.resources.some(resource => resource.name === name),
          );
    for (const name of gone) {
      active.delete(name);
      this.#warming.delete(name);
    }
    for (const cluster of good) {
      if (active.get(cluster.name)?.version === cluster.version) {
        this.#warming.delete(cluster.name);
        continue;
      }
      if (cluster.references.some(reference => reference.kind === 'endpoints')) {
        this.#warming.set(cluster.name, cluster);
      } else {
        this.#warming.delete(cluster.name);
        active.set(cluster.name, cluster);
      }
    }
  }

  #warmOn(endpointNames: readonly string[]): void {
    for (const [name, cluster] of this.#warming) {
      if (
        cluster.references.some(entry => entry.kind === 'endpoints' && endpointNames.includes(entry.name))
      ) {
        this.has(CLUSTER).set(name, cluster);
        this.#warming.delete(name);
      }
    }
  }

  #releaseClusterAcks(): void {
    if (this.#warming.size > 0) return;
    for (const nonce of this.#withheldClusterAcks) this.#acknowledge(CLUSTER, nonce);
    this.#withheldClusterAcks = [];
  }

  #askForMore(typeUrl: TypeUrl): void {
    if (typeUrl === CLUSTER || typeUrl === ENDPOINTS) this.#ask(ENDPOINTS);
    if (typeUrl === LISTENER) this.#ask(ROUTE);
  }

  #ask(typeUrl: TypeUrl): void {
    const wanted = this.#needed(typeUrl);
    const told = this.#told.get(typeUrl) ?? new Set<string>();
    for (const name of this.has(typeUrl).keys()) if (!wanted.has(name)) this.has(typeUrl).delete(name);
    // What is no longer asked for is no longer told of either.
    const claims = this.#claims.get(typeUrl);
    for (const name of claims?.keys() ?? []) if (!wanted.has(name)) claims?.delete(name);
    if (wanted.symmetricDifference(told).size > 0) this.#request(typeUrl);
  }

  /** Like Envoy, joins what is not yet told of the subscription to the ACK, and tells it once only. */
  #acknowledge(typeUrl: TypeUrl, nonce: string, error?: string): void {
    this.#send(typeUrl, nonce, error);
  }

  /** A request of its own accord: SotW repeats the newest nonce, delta carries none. */
  #request(typeUrl: TypeUrl): void {
    this.#send(typeUrl, this.variant === 'sotw' ? (this.#nonces.get(typeUrl) ?? '') : '');
  }

  #send(typeUrl: TypeUrl, nonce: string, error?: string): void {
    const rejection = error === undefined ? {} : { rejection: { code: 13, message: error } };
    const wildcard = typeUrl === CLUSTER || typeUrl === LISTENER;
    const wanted = wildcard ? new Set<string>() : this.#needed(typeUrl);
    const told = this.#told.get(typeUrl);
    this.#told.set(typeUrl, wanted);
    if (this.variant === 'sotw') {
      this.outbox.push({
        variant: 'sotw',
        typeUrl,
        nonce,
        version: this.#accepted.get(typeUrl) ?? '',
        names: [...wanted],
        ...rejection,
      } satisfies SotwRequest);
      return;
    }
    const first = told === undefined;
    this.outbox.push({
      variant: 'delta',
      typeUrl,
      nonce,
      subscribe: [...wanted].filter(name => told?.has(name) !== true),
      unsubscribe: [...(told ?? [])].filter(name => !wanted.has(name)),
      initialVersions: first ? this.#versions(typeUrl) : new Map(),
      ...rejection,
    } satisfies DeltaRequest);
  }

  #claim(update: Update): void {
    const { typeUrl, versionInfo, resources, removed } = update;
    this.#accepted.set(typeUrl, versionInfo);
    const claims = this.#claims.get(typeUrl) ?? new Map<string, string>();
    this.#claims.set(typeUrl, claims);
    for (const { name, version } of resources) claims.set(name, version);
    for (const name of removed) claims.delete(name);
  }

  /** What the client claims to have. */
  #versions(typeUrl: TypeUrl): ReadonlyMap<string, string> {
    return new Map(this.#claims.get(typeUrl));
  }

  /**
   * Clusters that warmed when a stream broke, whose endpoints are known: nobody may send these again, and Envoy goes on with those that it has after
   * `initial_fetch_timeout` (15 s).
   */
  fetchTimeout(): boolean {
    const names = [...this.#warming.values()]
      .filter(({ name }) => this.#warmingSince.has(name))
      .flatMap(({ references }) => references.filter(({ kind }) => kind === 'endpoints'))
      .map(({ name }) => name)
      .filter(name => this.has(ENDPOINTS).has(name));
    this.#warmingSince.clear();
    if (names.length === 0) return false;
    this.#warmOn(names);
    this.#releaseClusterAcks();
    return true;
  }

  #lookForOutages(when: string): void {
    const clusters = this.has(CLUSTER);
    const inUse = this.#needed(ROUTE);
    for (const route of this.has(ROUTE).values()) {
      if (!inUse.has(route.name)) continue;
      for (const reference of route.references) {
        if (reference.kind === 'cluster' && !clusters.has(reference.name)) {
          this.outages.push(`${when}: route ${route.name} has no cluster ${reference.name}`);
        }
      }
    }
  }
}

/** SotW LDS: what the response leaves out is gone; a rejected listener keeps its old form. */
function replaceAll(held: Map<string, Resource>, update: Update, good: readonly Resource[]): void {
  const listed = new Set(update.resources.map(resource => resource.name));
  for (const name of [...held.keys()]) if (!listed.has(name)) held.delete(name);
  for (const resource of good) held.set(resource.name, resource);
}
