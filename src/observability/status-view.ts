import type {
  DiagnosticStatus,
  GroupStatus as GroupView,
  Health,
  NackStatus,
  NodeStatus,
  SnapshotsStatus,
  StatusSource,
} from '../admin/status-source.ts';
import type { SecretDetail, SecretStatus } from '../admin/secret-status.ts';
import { describeRoute } from '../posture/judge-weakenings.ts';
import { hintOf, type Diagnostic } from '../resources/diagnostic.ts';
import { shortNameOf } from '../resources/type-url.ts';
import type { GroupStatus } from '../store/group-status.ts';
import type { LoadResult } from '../store/load-outcome.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { nackStatus, nodeStatus } from './fleet-view.ts';
import type { LastLoad } from './loading-observer.ts';
import type { Readiness } from './readiness.ts';
import { secretDetail, secretStatuses } from './secret-view.ts';

/** What the status is read from. */
export interface StatusViewParts {
  readonly store: Pick<ResourceStore, 'groups' | 'guarded' | 'secrets'>;
  readonly loading: { readonly lastLoad: LastLoad | undefined };
  readonly readiness: Readiness;
  readonly fleet: Pick<Fleet, 'nodes' | 'node' | 'nacks'>;
}

const MAX_DIAGNOSTICS = 1000;

/** Shows the state of the process in the form of the admin API. */
export class StatusView implements StatusSource {
  readonly #parts: StatusViewParts;

  constructor(parts: StatusViewParts) {
    this.#parts = parts;
  }

  health(): Health {
    return this.#parts.readiness.health;
  }

  nodes(): readonly NodeStatus[] {
    return this.#parts.fleet.nodes().map(nodeStatus);
  }

  node(id: string): NodeStatus | undefined {
    const view = this.#parts.fleet.node(id);
    return view === undefined ? undefined : nodeStatus(view);
  }

  nacks(): readonly NackStatus[] {
    return this.#parts.fleet.nacks().map(nackStatus);
  }

  secrets(): readonly SecretStatus[] {
    return secretStatuses(this.#parts.store.secrets(), this.#parts.fleet.nodes());
  }

  secret(name: string): SecretDetail | undefined {
    return secretDetail(name, this.#parts.store.secrets(), this.#parts.fleet.nodes());
  }

  snapshots(): SnapshotsStatus {
    const { store, loading } = this.#parts;
    const { lastLoad } = loading;
    return {
      last_load: lastLoad === undefined ? 'none' : loadStatus(lastLoad.outcome.result),
      last_load_at: lastLoad === undefined ? null : new Date(lastLoad.atMs).toISOString(),
      confirm: store.guarded()?.treeHash ?? null,
      groups: store.groups().map(groupView),
      diagnostics: (lastLoad?.outcome.diagnostics ?? []).slice(0, MAX_DIAGNOSTICS).map(diagnosticView),
    };
  }
}

function loadStatus(result: LoadResult): SnapshotsStatus['last_load'] {
  return result === 'unchanged' ? 'ok' : result;
}

function groupView(group: GroupStatus): GroupView {
  return {
    group: group.key,
    files: group.files,
    version: group.version,
    public_routes: group.publicRoutes.flatMap(route =>
      route.posture.kind === 'public' ? [{ route: describeRoute(route), reason: route.posture.reason }] : [],
    ),
    certificates: group.certificates.map(({ name, notAfterMs }) => ({
      name,
      not_after: new Date(notAfterMs).toISOString(),
    })),
    pinned_version: group.pinnedVersion ?? null,
    state: group.state,
    since: new Date(group.sinceMs).toISOString(),
    nodes: group.nodes,
    resources: Object.fromEntries(
      [...group.resourceCounts]
        .filter(([, count]) => count > 0)
        .map(([typeUrl, count]) => [shortNameOf(typeUrl), count]),
    ),
  };
}

function diagnosticView(diagnostic: Diagnostic): DiagnosticStatus {
  const { file, line, column, severity, code, message } = diagnostic;
  return { file, line, column, severity, code, message, hint: hintOf(diagnostic) };
}
