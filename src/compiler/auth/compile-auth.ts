import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Origin } from '../../resources/resource.ts';
import type { SnapshotAuth, Waiver } from '../../resources/snapshot-auth.ts';
import type { Asset } from '../../resources/source-tree.ts';
import { EXTENSION_CONFIG, LISTENER } from '../../resources/type-url.ts';
import type { CheckedFile, CheckedResource } from '../checked-file.ts';
import { diagnosticAt, makeResourceGroup, type ResourceGroup } from '../resource-group.ts';
import type { Schema } from '../schema/registry.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import { indexAuth, type AuthIndex } from './auth-index.ts';
import { filtersAfterChain, unverifiedCertificates } from './auth-listener-checks.ts';
import { denyChain, filterChain, PUBLIC_PREFIX, PUBLIC_SLOT, slotName } from './auth-names.ts';
import type { PostureWaiverSpec } from './auth-spec.ts';
import { authTables, findAuthUsers, reservedNames, type AuthUsers } from './auth-users.ts';
import type { CompiledChain } from './compile-chain.ts';
import { compileChains } from './compile-chains.ts';
import { entryPointsOf } from './entry-points.ts';
import { expandListenerResource } from './expand-listener-resource.ts';
import { expandTables } from './expand-tables.ts';
import { Generator } from '../generator.ts';
import { removeHeadersFilter } from './header-filters.ts';
import { holderListener } from './holder-listener.ts';
import { filterJson } from './nested-filter.ts';
import { allocateSlots, chainCapacity } from './slots.ts';

/** What `compileAuth` needs. */
export interface AuthInput {
  readonly files: readonly CheckedFile[];
  /** All resources of the group, as operators wrote them. */
  readonly resources: readonly CheckedResource[];
  /** Files by absolute path, and fetched key sets by URL. */
  readonly assets: ReadonlyMap<string, Asset>;
  readonly slotCount: number;
  readonly schema: Schema;
}

/** A group with its auth compiled. */
export interface CompiledAuth {
  /** The resources as proxies get them, generated ones included. */
  readonly resources: readonly CheckedResource[];
  /** Undefined for a group without auth chains. */
  readonly auth: SnapshotAuth | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles the auth of a node group: each chain to the content of a slot (ECDS), listeners to slots and guard, and routes to the slot of
 * their chain. Pure. A chain with an error becomes one that denies.
 */
export function compileAuth(input: AuthInput): CompiledAuth {
  const group = makeResourceGroup(input.files, input.resources);
  const index = indexAuth(input.files);
  const users = findAuthUsers(group);
  const reserved = reservedNames(group, index.chains);
  const entryPoints = entryPointsOf(group);
  if (!hasAuth(group, index, users)) {
    // Still told apart from a group that never had listeners: an edit may have taken their auth away.
    const auth = entryPoints.length === 0 ? undefined : { ...NO_AUTH, entryPoints };
    return { resources: input.resources, auth, diagnostics: reserved };
  }
  const { chains, internalHeaders, diagnostics } = compileChains(index, users, input.assets);
  const capacity = capacityProblem(index, input.slotCount);
  const slots =
    capacity === undefined ? allocateSlots(index.chains.keys(), input.slotCount) : new Map<string, string>();
  const tables = expandTables({ group, users, chains, slots, schema: input.schema });
  const generated = new Generator(input.schema, originOf(index, users));
  const contents =
    users.managers.length === 0
      ? []
      : [
          ...slotContents(generated, input.slotCount, slots, chains, internalHeaders),
          ...secretsHolder(generated, chains),
        ];
  const listeners = users.managers.map(({ listener }) => listener);
  return {
    resources: [
      ...input.resources.map(resource => {
        if (listeners.includes(resource))
          return expandListenerResource(input.schema, resource, input.slotCount);
        return tables.resources.get(resource) ?? resource;
      }),
      ...contents,
    ],
    auth: {
      slotNames: Array.from({ length: input.slotCount }, (_, slot) => slotName(slot)),
      slots,
      held: new Map([...slots].map(([chain, slot]) => [slot, chain])),
      entryPoints,
      routes: tables.routes,
      waivers: index.waivers.map(waiver),
    },
    diagnostics: [
      ...reserved,
      ...index.diagnostics,
      ...users.diagnostics,
      ...filtersAfterChain(group, users.managers),
      ...unverifiedCertificates(group, users.managers, index.chains),
      ...diagnostics,
      ...(capacity === undefined ? [] : [capacity]),
      ...tables.diagnostics,
      ...generated.diagnostics(),
    ],
  };
}

const NO_AUTH = { slotNames: [], slots: new Map(), held: new Map(), routes: [], waivers: [] } satisfies Omit<
  SnapshotAuth,
  'entryPoints'
>;

function waiver({ spec, origin }: DeclaredEntry<PostureWaiverSpec>): Waiver {
  const { reason, expires, routes } = spec;
  return { reason, expiresMs: Number(expires.seconds) * 1000 + expires.nanos / 1e6, routes, origin };
}

function hasAuth(group: ResourceGroup, index: AuthIndex, users: AuthUsers): boolean {
  const entries = index.chains.size + index.providers.size + index.policies.size;
  return entries > 0 || users.managers.length > 0 || authTables(group, users.defaults).length > 0;
}

/** Where problems of generated resources are reported that come from no chain. */
function originOf(index: AuthIndex, users: AuthUsers): Origin {
  const [chain] = index.chains.values();
  const [manager] = users.managers;
  return chain?.origin ?? manager?.listener.resource.origin ?? { file: '', line: 1, column: 1, path: [] };
}

function capacityProblem(index: AuthIndex, slotCount: number): Diagnostic | undefined {
  const capacity = chainCapacity(slotCount);
  const surplus = [...index.chains.values()][capacity];
  if (surplus === undefined) return undefined;
  const message = `the node group has ${index.chains.size} auth chains; ${slotCount} slots take ${capacity}`;
  return diagnosticAt(surplus.origin, undefined, { code: 'AP1920', message });
}

/** One resource for every slot: its chain, or one that denies. */
function slotContents(
  generator: Generator,
  slotCount: number,
  slots: ReadonlyMap<string, string>,
  chains: ReadonlyMap<string, CompiledChain>,
  internalHeaders: readonly string[],
): readonly CheckedResource[] {
  const bySlot = new Map([...slots].map(([chain, slot]) => [slot, chains.get(chain)]));
  const contents = Array.from({ length: slotCount }, (_, index) => {
    const name = slotName(index);
    const chain = bySlot.get(name);
    const typedConfig = chain?.config ?? denyChain();
    return generator.make(EXTENSION_CONFIG, { name, typed_config: typedConfig }, chain?.origin);
  });
  const open = filterChain([filterJson(removeHeadersFilter(PUBLIC_PREFIX, internalHeaders))]);
  return [...contents, generator.make(EXTENSION_CONFIG, { name: PUBLIC_SLOT, typed_config: open })];
}

function secretsHolder(
  generator: Generator,
  chains: ReadonlyMap<string, CompiledChain>,
): readonly CheckedResource[] {
  const filters = [...chains.values()].flatMap(chain => chain.secretFilters);
  return filters.length === 0 ? [] : [generator.make(LISTENER, holderListener(filters))];
}
