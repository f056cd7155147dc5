import { allocateSlots } from '../../src/compiler/auth/slots.ts';
import { slotName } from '../../src/compiler/auth/auth-names.ts';
import { bytesField, makeResource, stringField } from '../../src/resources/frame.ts';
import { ResourceSet } from '../../src/resources/resource-set.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { makeSnapshot, resourcesOf, type Snapshot } from '../../src/resources/snapshot.ts';
import { EXTENSION_CONFIG, ROUTE } from '../../src/resources/type-url.ts';

/** Few, so that chains are in each other's way; half of them may be taken. */
export const SLOTS = 8;

/** What operators want: a revision for each chain, and the chain of each route. */
export interface Wanted {
  readonly chains: Readonly<Record<string, number>>;
  /** By route configuration, then by route. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What a slot holds. */
export interface Content {
  readonly chain: string;
  readonly revision: number;
}

/** What a route says. */
export interface Named {
  readonly chain: string;
  readonly slot: string;
}

const EMPTY: Content = { chain: '', revision: 0 };

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function slotResource(name: string, content: Content): Resource {
  const body = concat(stringField(1, name), bytesField(2, Buffer.from(JSON.stringify(content))));
  return makeResource({ typeUrl: EXTENSION_CONFIG, name, body });
}

function tableResource(name: string, routes: Readonly<Record<string, Named>>): Resource {
  return makeResource({ typeUrl: ROUTE, name, body: Buffer.from(JSON.stringify(routes)) });
}

/** The content of a slot, and the name that stands inside the resource. */
export function contentOf(resource: Resource): Content & { readonly name: string } {
  const text = Buffer.from(resource.body).toString('latin1');
  const start = text.indexOf('{');
  // The tag and the length of the second field stand between name and content.
  const name = text.slice(2, 2 + resource.name.length);
  return { ...(JSON.parse(text.slice(start)) as Content), name };
}

/** The routes of a route configuration. */
export function routesOf(resource: Resource): Readonly<Record<string, Named>> {
  return JSON.parse(Buffer.from(resource.body).toString()) as Record<string, Named>;
}

/** As `rebindRoutes` does with real ones. */
export function rebind(resource: Resource, moves: ReadonlyMap<string, string>): Resource {
  const moved = Object.entries(routesOf(resource)).map(
    ([route, { chain, slot }]) => [route, { chain, slot: moves.get(slot) ?? slot }] as const,
  );
  return tableResource(resource.name, Object.fromEntries(moved));
}

/** The snapshot of what is wanted, as the compiler makes it. */
export function snapshotOf({ chains, tables }: Wanted): Snapshot {
  const slots = allocateSlots(Object.keys(chains), SLOTS);
  const slotNames = Array.from({ length: SLOTS }, (_, slot) => slotName(slot));
  const held = new Map([...slots].map(([chain, slot]) => [slot, chain]));
  const extensions = slotNames.map(name => {
    const chain = held.get(name);
    return slotResource(name, chain === undefined ? EMPTY : { chain, revision: chains[chain] ?? 0 });
  });
  const routes = Object.entries(tables).map(([name, table]) =>
    tableResource(
      name,
      Object.fromEntries(
        Object.entries(table).map(([route, chain]) => [route, { chain, slot: slots.get(chain) ?? '' }]),
      ),
    ),
  );
  const resources = new Map([
    [EXTENSION_CONFIG, ResourceSet.of(extensions)],
    [ROUTE, ResourceSet.of(routes)],
  ]);
  return makeSnapshot(['a.yaml'], resources, {
    auth: {
      slotNames,
      slots,
      held,
      entryPoints: [],
      routes: [],
      waivers: [],
    },
  });
}

/** What a proxy runs: it takes one resource at a time. */
export class ModelProxy {
  readonly #slots = new Map<string, Content>();
  readonly #tables = new Map<string, Readonly<Record<string, Named>>>();

  /** Resources of the snapshot that the proxy does not have yet: contents of slots, and routes. */
  missing(snapshot: Snapshot): { readonly slots: readonly Resource[]; readonly tables: readonly Resource[] } {
    return {
      slots: [...resourcesOf(snapshot, EXTENSION_CONFIG).byName.values()].filter(resource => {
        const { chain, revision } = contentOf(resource);
        const has = this.#slots.get(resource.name);
        return has?.chain !== chain || has.revision !== revision;
      }),
      tables: [...resourcesOf(snapshot, ROUTE).byName.values()].filter(
        resource => JSON.stringify(this.#tables.get(resource.name)) !== JSON.stringify(routesOf(resource)),
      ),
    };
  }

  apply(resource: Resource): void {
    if (resource.typeUrl === ROUTE) this.#tables.set(resource.name, routesOf(resource));
    else this.#slots.set(resource.name, contentOf(resource));
  }

  /** Routes that Envoy would refuse: their slot does not hold their chain. */
  refused(): readonly string[] {
    return [...this.#tables.values()].flatMap(table =>
      Object.entries(table)
        .filter(([, { chain, slot }]) => this.#slots.get(slot)?.chain !== chain)
        .map(([route, { chain, slot }]) => `${route}: ${chain} in ${slot}`),
    );
  }

  /** The slots that hold a chain, with its revision. */
  holders(): readonly (readonly [slot: string, content: Content])[] {
    return [...this.#slots].filter(([, { chain }]) => chain !== '');
  }
}
