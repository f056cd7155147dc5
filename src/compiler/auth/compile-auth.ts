import type { JsonObject } from '@bufbuild/protobuf';
import { AuthplaneError } from '../../platform/errors.ts';
import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Origin } from '../../resources/resource.ts';
import type { SnapshotAuth } from '../../resources/snapshot-auth.ts';
import type { Asset } from '../../resources/source-tree.ts';
import { EXTENSION_CONFIG, LISTENER, messageNameOf, type TypeUrl } from '../../resources/type-url.ts';
import { checkResource } from '../check-resource.ts';
import type { CheckedFile, CheckedResource } from '../checked-file.ts';
import { resourceVisitors } from '../checks/resource-checks.ts';
import { FileReport } from '../file-report.ts';
import { diagnosticAt, makeResourceGroup } from '../resource-group.ts';
import type { Schema } from '../schema/registry.ts';
import { indexAuth, type AuthIndex } from './auth-index.ts';
import { filtersAfterChain } from './auth-listener-checks.ts';
import { denyChain, filterChain, PUBLIC_SLOT, slotName } from './auth-names.ts';
import { authTables, findAuthUsers, reservedNames, type AuthUsers } from './auth-users.ts';
import { headersSetBy } from './chain-headers.ts';
import { compileChain, type CompiledChain } from './compile-chain.ts';
import { expandListenerResource } from './expand-listener-resource.ts';
import { expandTables } from './expand-tables.ts';
import { removeHeadersFilter } from './header-filters.ts';
import { holderListener } from './holder-listener.ts';
import { compileProvider } from './jwt-provider.ts';
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
  const reserved = reservedNames(group);
  if (
    index.chains.size === 0 &&
    users.managers.length === 0 &&
    index.providers.size === 0 &&
    index.policies.size === 0
  ) {
    const tables = authTables(group, users.defaults);
    if (tables.length === 0) return { resources: input.resources, auth: undefined, diagnostics: reserved };
  }
  const { chains, internalHeaders, diagnostics } = compileChains(index, users, input.assets);
  const capacity = capacityProblem(index, input.slotCount);
  const slots =
    capacity === undefined ? allocateSlots(index.chains.keys(), input.slotCount) : new Map<string, string>();
  const tables = expandTables({ group, users, chains, slots, schema: input.schema });
  const generated = new Generator(input.schema, index, users);
  const contents = slotContents(generated, input.slotCount, slots, chains, internalHeaders);
  const holder = secretsHolder(generated, chains);
  const listeners = users.managers.map(({ listener }) => listener);
  return {
    resources: [
      ...input.resources.map(resource => {
        if (listeners.includes(resource))
          return expandListenerResource(input.schema, resource, input.slotCount);
        return tables.resources.get(resource) ?? resource;
      }),
      ...contents,
      ...holder,
    ],
    auth: {
      slots,
      held: new Map([...slots].map(([chain, slot]) => [slot, chain])),
      routes: tables.routes,
    },
    diagnostics: [
      ...reserved,
      ...index.diagnostics,
      ...users.diagnostics,
      ...filtersAfterChain(group, users.managers),
      ...diagnostics,
      ...(capacity === undefined ? [] : [capacity]),
      ...tables.diagnostics,
      ...generated.diagnostics(),
    ],
  };
}

function compileChains(index: AuthIndex, users: AuthUsers, assets: ReadonlyMap<string, Asset>) {
  const compiled = [...index.providers.values()].map(entry => compileProvider(entry, assets));
  const providers = new Map(compiled.map(({ provider }) => [provider.spec.name, provider]));
  const names = [
    ...compiled.flatMap(({ provider }) => provider.headers),
    ...[...index.chains.values()].flatMap(({ spec }) => headersSetBy(spec)),
    ...users.managers.flatMap(({ auth }) => auth.removeHeaders),
  ];
  const internalHeaders = [...new Set(names.map(name => name.toLowerCase()))].sort();
  const chains = new Map(
    [...index.chains].map(([name, chain]) => [
      name,
      compileChain({ chain, providers, policies: index.policies, assets, internalHeaders }),
    ]),
  );
  // Two chains may say the same of one policy.
  const diagnostics = new Map<string, Diagnostic>();
  const all = [
    ...compiled.flatMap(provider => provider.diagnostics),
    ...[...chains.values()].flatMap(chain => chain.diagnostics),
  ];
  for (const diagnostic of all) diagnostics.set(JSON.stringify(diagnostic), diagnostic);
  return { chains, internalHeaders, diagnostics: [...diagnostics.values()] };
}

function capacityProblem(index: AuthIndex, slotCount: number): Diagnostic | undefined {
  const capacity = chainCapacity(slotCount);
  const surplus = [...index.chains.values()][capacity];
  if (surplus === undefined) return undefined;
  const message = `the node group has ${index.chains.size} auth chains; ${slotCount} slots take ${capacity}`;
  return diagnosticAt(surplus.origin, undefined, { code: 'AP1920', message });
}

/** Makes resources of what authplane generates, with all checks; what they find is said of the entry that the resource comes from. */
class Generator {
  readonly #schema: Schema;
  readonly #origin: Origin;
  readonly #reports: FileReport[] = [];

  constructor(schema: Schema, index: AuthIndex, users: AuthUsers) {
    this.#schema = schema;
    const [chain] = index.chains.values();
    const [manager] = users.managers;
    this.#origin = chain?.origin ??
      manager?.listener.resource.origin ?? { file: '', line: 1, column: 1, path: [] };
  }

  make(typeUrl: TypeUrl, json: JsonObject, origin: Origin = this.#origin): CheckedResource {
    const report = new FileReport(origin.file, () => origin);
    this.#reports.push(report);
    const desc = this.#schema.registry.getMessage(messageNameOf(typeUrl));
    const context = { schema: this.#schema, visitors: resourceVisitors, report };
    const made = desc === undefined ? undefined : checkResource(context, desc, json, origin.path);
    if (made === undefined) {
      const why = report
        .diagnostics()
        .map(({ message }) => message)
        .join('; ');
      throw new AuthplaneError('INTERNAL', `a generated resource of type ${typeUrl} is not valid: ${why}`);
    }
    return made;
  }

  diagnostics(): readonly Diagnostic[] {
    return this.#reports.flatMap(report => report.diagnostics());
  }
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
  const open = filterChain([filterJson(removeHeadersFilter('public', internalHeaders))]);
  return [...contents, generator.make(EXTENSION_CONFIG, { name: PUBLIC_SLOT, typed_config: open })];
}

function secretsHolder(
  generator: Generator,
  chains: ReadonlyMap<string, CompiledChain>,
): readonly CheckedResource[] {
  const filters = [...chains.values()].flatMap(chain => chain.secretFilters);
  return filters.length === 0 ? [] : [generator.make(LISTENER, holderListener(filters))];
}
