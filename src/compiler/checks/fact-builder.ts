import type { DocumentPath } from '../../resources/diagnostic.ts';
import type { Reference } from '../../resources/reference.ts';
import type {
  AddressFact,
  AuthChainFact,
  AuthSelection,
  ConfigSourceFact,
  ConnectionManagerRoutes,
  ExtensionUseFact,
  FactCollector,
  FilterFact,
  InlineCertificateFact,
  InlineTrustBundleFact,
  JointTrustFact,
  PerFilterFact,
  Place,
  ResourceFacts,
  RouteTableFact,
  RouteTargetFact,
  SecretKind,
  SecretUseFact,
} from '../facts.ts';
import type { PlainMessage } from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';

/** A filter while its configuration is being visited. */
export interface FilterDraft extends FilterFact {
  typeName: string | undefined;
  requirementNames: readonly string[] | undefined;
  readonly nested: FilterDraft[];
  overwrites: readonly string[];
  authChain?: AuthChainFact;
}

/** A per-route entry while its configuration is being visited. */
export interface PerFilterDraft extends PerFilterFact {
  isOptional: boolean;
  requirementName: string | undefined;
  authSelection?: AuthSelection;
  readonly nested: FilterDraft[];
}

/** A route table while it is being visited. */
export interface RouteTableDraft extends RouteTableFact {
  readonly perFilter: PerFilterDraft[];
  readonly targets: RouteTargetFact[];
  readonly routeNames: string[];
}

/** A connection manager while it is being visited. */
export interface ConnectionManagerDraft extends Place {
  readonly filters: FilterDraft[];
  routes: ConnectionManagerRoutes;
}

/** Gathers the facts of one resource; `finish` hands them over. */
export class FactBuilder {
  readonly addresses: AddressFact[] = [];
  readonly connectionManagers: ConnectionManagerDraft[] = [];
  readonly upstreamFilters: string[] = [];
  readonly extensionUses: ExtensionUseFact[] = [];
  readonly configSources: ConfigSourceFact[] = [];
  readonly certificates: InlineCertificateFact[] = [];
  readonly trustBundles: InlineTrustBundleFact[] = [];
  readonly jointTrusts: JointTrustFact[] = [];
  readonly secretUses: SecretUseFact[] = [];
  readonly otherSecretNames: string[] = [];
  routeTable: RouteTableDraft | undefined;
  extension: FilterDraft | undefined;
  hostHeaders: readonly string[] | undefined;
  verifiesClients: boolean | undefined;
  picksSecrets: boolean | undefined;
  hasCustomValidator: boolean | undefined;
  secretKind: SecretKind | undefined;
  readonly #collect: FactCollector;
  readonly #owners = new Map<
    PlainMessage,
    FilterDraft | PerFilterDraft | RouteTableDraft | ConnectionManagerDraft
  >();

  constructor(collect: FactCollector) {
    this.#collect = collect;
  }

  reference(reference: Reference): void {
    this.#collect.reference(reference);
  }

  place(path: DocumentPath): Place {
    return { ...this.#collect.positionOf(path), path };
  }

  /** Makes `draft` the one that `ownerOf` finds from inside the node. */
  own(node: WalkNode, draft: FilterDraft | PerFilterDraft | RouteTableDraft | ConnectionManagerDraft): void {
    this.#owners.set(node.message, draft);
  }

  /** The filter that the node itself is. */
  filterAt(node: WalkNode): FilterDraft | undefined {
    const draft = this.#owners.get(node.message);
    return draft !== undefined && isFilterDraft(draft) ? draft : undefined;
  }

  /** The nearest draft around the node, itself included, that `accepts` takes. */
  ownerOf<T>(node: WalkNode, accepts: (draft: object) => draft is T & object): T | undefined {
    for (let at: WalkNode | undefined = node; at !== undefined; at = at.parent) {
      const draft = this.#owners.get(at.message);
      if (draft !== undefined && accepts(draft)) return draft;
    }
    return undefined;
  }

  /** Hands over what was gathered. Fields without a value are left out, which keeps the facts of most resources small. */
  finish(): void {
    const { connectionManagers, addresses, upstreamFilters, extensionUses, configSources } = this;
    const { certificates, trustBundles, jointTrusts, secretUses, otherSecretNames } = this;
    const { routeTable, extension, hostHeaders, verifiesClients, picksSecrets, hasCustomValidator } = this;
    const { secretKind } = this;
    const lists = {
      addresses,
      connectionManagers,
      upstreamFilters,
      extensionUses,
      configSources,
      certificates,
      trustBundles,
      jointTrusts,
      secretUses,
      otherSecretNames,
    };
    const flags = { verifiesClients, picksSecrets, hasCustomValidator };
    const values = { routeTable, extension, hostHeaders, ...flags, secretKind };
    const facts = Object.fromEntries<unknown>([
      ...Object.entries(lists).filter(([, list]) => list.length > 0),
      ...Object.entries(values).filter(([, value]) => value !== undefined),
    ]) as Partial<Omit<ResourceFacts, 'references'>>;
    if (Object.keys(facts).length > 0) this.#collect.set(facts);
  }
}

export function isFilterDraft(draft: object): draft is FilterDraft {
  return 'requirementNames' in draft;
}

export function isPerFilterDraft(draft: object): draft is PerFilterDraft {
  return 'isOptional' in draft;
}

export function isRouteTableDraft(draft: object): draft is RouteTableDraft {
  return 'perFilter' in draft;
}

export function isConnectionManagerDraft(draft: object): draft is ConnectionManagerDraft {
  return 'filters' in draft;
}

/** A draft that holds nested filters: a filter or a per-route entry. */
export function hasNestedFilters(draft: object): draft is { readonly nested: FilterDraft[] } {
  return 'nested' in draft;
}
