// The fleet of bench/fleet in a process of its own; commands and reports are messages to and from its parent (load-messages.ts).
import type { SecureClientSessionOptions } from 'node:http2';
import { CLUSTER, type TypeUrl } from '../../src/resources/type-url.ts';
import { epochMs } from '../measure.ts';
import { encodedNames, FleetProxy, HeldVersions, type ProxyContext, type ProxyEvent } from './fleet-proxy.ts';
import type { LoadCommand, LoadOptions, LoadReport } from './load-messages.ts';

/** As Envoy: a random part of a time that doubles. */
const BACK_OFF_MS = 500;
const MAX_BACK_OFF_MS = 30_000;
/** Connections that are opened in one turn of the event loop. */
const OPENED_AT_ONCE = 50;

interface ProxyState {
  openedAtMs: number;
  syncedAtMs: number;
  slowestMs: number;
  failures: number;
  receivedAtMs: number | undefined;
}

function tell(report: LoadReport): void {
  process.send?.(report);
}

/** The fleet and what is counted of it. */
class Fleet {
  readonly #context: ProxyContext;
  readonly #proxies = new Map<FleetProxy, ProxyState>();
  #marker: { readonly typeUrl: TypeUrl; readonly text: Buffer } | undefined;
  #waiting = 0;
  #awaitedSinceMs: number | undefined;
  #responses = 0;
  #resources = 0;
  #bytes = 0;
  #toRefusing = 0;
  #ends: Record<string, number> = {};
  #churn: NodeJS.Timeout | undefined;

  constructor({ address, variant, names, tls }: LoadOptions) {
    this.#context = {
      url: `${tls === undefined ? 'http' : 'https'}://${address}`,
      variant,
      tls:
        tls === undefined
          ? undefined
          : ({ ...tls, servername: 'localhost' } satisfies SecureClientSessionOptions),
      names: encodedNames(names),
      held: new HeldVersions(),
      observe: (proxy, event) => this.#observe(proxy, event),
    };
  }

  run(command: Exclude<LoadCommand, { kind: 'start' }>): void {
    switch (command.kind) {
      case 'open':
        this.#add(command.count, command.refusing);
        break;
      case 'awaitSync':
        this.#awaitedSinceMs = command.sinceMs;
        this.#tellSync();
        break;
      case 'expect':
        this.#marker = { typeUrl: command.typeUrl, text: Buffer.from(command.marker) };
        this.#waiting = this.#proxies.size;
        for (const state of this.#proxies.values()) state.receivedAtMs = undefined;
        break;
      case 'count':
        this.#tellCounts();
        break;
      case 'churn':
        clearInterval(this.#churn);
        if (command.perSecond > 0) this.#churn = setInterval(() => this.#cutOne(), 1000 / command.perSecond);
        break;
    }
  }

  #add(count: number, refusing: number): void {
    const proxies = Array.from({ length: count }, (_, index) => {
      const proxy = new FleetProxy(this.#context, `proxy-${this.#proxies.size}`, index < refusing);
      this.#proxies.set(proxy, {
        openedAtMs: 0,
        syncedAtMs: 0,
        slowestMs: 0,
        failures: 0,
        receivedAtMs: undefined,
      });
      return proxy;
    });
    const openSome = (): void => {
      for (const proxy of proxies.splice(0, OPENED_AT_ONCE)) this.#open(proxy);
      if (proxies.length > 0) setImmediate(openSome);
    };
    openSome();
  }

  #open(proxy: FleetProxy): void {
    const state = this.#proxies.get(proxy);
    if (state !== undefined) state.openedAtMs = epochMs();
    proxy.open();
  }

  #observe(proxy: FleetProxy, event: ProxyEvent): void {
    const state = this.#proxies.get(proxy);
    if (state === undefined) return;
    switch (event.kind) {
      case 'response':
        // The server is there again.
        state.failures = 0;
        this.#responses += 1;
        this.#resources += event.resources;
        this.#bytes += event.message.length;
        if (proxy.refuses && event.typeUrl === CLUSTER) this.#toRefusing += 1;
        this.#lookForMarker(state, event);
        break;
      case 'inSync':
        state.syncedAtMs = epochMs();
        state.slowestMs = Math.max(state.slowestMs, state.syncedAtMs - state.openedAtMs);
        this.#tellSync();
        break;
      case 'ended':
        this.#ends[event.status] = (this.#ends[event.status] ?? 0) + 1;
        state.failures += 1;
        setTimeout(() => this.#open(proxy), this.#backOffMs(state.failures));
        break;
    }
  }

  #lookForMarker(state: ProxyState, { typeUrl, message }: Extract<ProxyEvent, { kind: 'response' }>): void {
    const marker = this.#marker;
    if (marker?.typeUrl !== typeUrl || state.receivedAtMs !== undefined || !message.includes(marker.text))
      return;
    state.receivedAtMs = epochMs();
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#tellReceived();
  }

  #backOffMs(failures: number): number {
    return Math.random() * Math.min(MAX_BACK_OFF_MS, BACK_OFF_MS * 2 ** (failures - 1));
  }

  #cutOne(): void {
    const proxies = [...this.#proxies.keys()].filter(proxy => proxy.isInSync);
    const proxy = proxies[Math.floor(Math.random() * proxies.length)];
    if (proxy === undefined) return;
    proxy.close();
    this.#open(proxy);
  }

  #tellSync(): void {
    const sinceMs = this.#awaitedSinceMs;
    if (sinceMs === undefined) return;
    const states = [...this.#proxies.values()];
    if (!states.every(({ syncedAtMs }) => syncedAtMs >= sinceMs)) return;
    this.#awaitedSinceMs = undefined;
    tell({
      kind: 'inSync',
      lastAtMs: Math.max(...states.map(({ syncedAtMs }) => syncedAtMs)),
      slowestMs: Math.max(...states.map(({ slowestMs }) => slowestMs)),
    });
    for (const state of states) state.slowestMs = 0;
  }

  #tellReceived(): void {
    this.#marker = undefined;
    const times = [...this.#proxies.values()]
      .flatMap(({ receivedAtMs }) => receivedAtMs ?? [])
      .sort((a, b) => a - b);
    const at = (share: number): number =>
      times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
    tell({ kind: 'received', p50AtMs: at(0.5), p99AtMs: at(0.99), lastAtMs: at(1) });
  }

  #tellCounts(): void {
    tell({
      kind: 'counts',
      responses: this.#responses,
      resources: this.#resources,
      bytes: this.#bytes,
      toRefusing: this.#toRefusing,
      ends: this.#ends,
    });
    [this.#responses, this.#resources, this.#bytes, this.#toRefusing, this.#ends] = [0, 0, 0, 0, {}];
  }
}

let fleet: Fleet | undefined;
process.on('message', (command: LoadCommand) => {
  if (command.kind === 'start') fleet = new Fleet(command.options);
  else fleet?.run(command);
});
// The parent has gone.
process.on('disconnect', () => process.exit());
