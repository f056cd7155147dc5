import type { NodeIdentity } from '../resources/node.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import { messageNameOf, shortNameOf } from '../resources/type-url.ts';
import { authSlotsOption } from './auth-slots.ts';
import { examples, type CommandContext } from './command.ts';
import { printDiagnostics } from './diagnostics.ts';
import type { LoadedDirectory } from './load-directory.ts';
import { formatTable, outputOption, printData, type OutputFormat } from './output.ts';

interface Options {
  readonly authSlots: number;
  readonly output: OutputFormat;
}

/** What an edit does to one node group. Plain JSON. */
interface GroupDiff {
  readonly group: string;
  readonly routes: readonly {
    readonly route: string;
    readonly before: string | null;
    readonly after: string | null;
    readonly change: string;
    readonly reasons: readonly string[];
  }[];
  readonly public: readonly { readonly route: string; readonly reason: string }[];
  readonly resources: readonly {
    readonly type: string;
    readonly added: readonly string[];
    readonly changed: readonly string[];
    readonly removed: readonly string[];
  }[];
  readonly drains: readonly string[];
}

/** `authplane diff OLD NEW`: how every route is protected before and after, and what an edit changes and drains. */
export function registerDiff({ program, io, run }: CommandContext): void {
  program
    .command('diff')
    .description('compare two snapshot directories: how routes are protected, what changes, what drains')
    .argument('<old>', 'snapshot directory that is served')
    .argument('<new>', 'snapshot directory with the edit')
    .addOption(authSlotsOption())
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText(
      'after',
      examples('authplane diff main/snapshots snapshots', 'authplane diff old new -o json'),
    )
    .action(
      run(async (oldPath: string, newPath: string, options: Options) => {
        const { loadDirectory } = await import('./load-directory.ts');
        const { authSlots } = options;
        const before = await loadDirectory(oldPath, Date.now(), { authSlots });
        const after = await loadDirectory(newPath, before.nowMs, { authSlots });
        const bad = [before, after].filter(({ outcome }) => outcome.result === 'invalid');
        for (const { outcome } of bad) printDiagnostics(io, outcome.diagnostics);
        if (bad.length > 0) return 'invalid';
        const groups = await Promise.all(
          (await pairsOf(before, after)).map(([old, now]) => diffGroup(old, now)),
        );
        const changed = groups.filter(isDifferent);
        await printData(io, options.output, { groups }, () =>
          changed.length === 0 ? 'no differences\n' : changed.map(groupText).join('\n'),
        );
        return changed.length === 0 ? 'ok' : 'differences';
      }),
    );
}

type Pair = readonly [before: Snapshot | undefined, after: Snapshot | undefined];

/** What each kind of node gets from either directory, each pair once. */
async function pairsOf(before: LoadedDirectory, after: LoadedDirectory): Promise<readonly Pair[]> {
  const { acceptNode } = await import('../store/acceptance.ts');
  const nodes = [before, after].flatMap(({ state }) => state.views[0]?.membership?.representatives ?? []);
  const snapshotOf = ({ state, nowMs }: LoadedDirectory, node: NodeIdentity): Snapshot | undefined => {
    const { placement } = acceptNode(state, node, nowMs);
    return placement.kind === 'served' ? placement.group.snapshot : undefined;
  };
  const pairs = new Map<string, Pair>();
  for (const node of nodes) {
    const [old, now] = [snapshotOf(before, node), snapshotOf(after, node)];
    const key = JSON.stringify([old?.nodeGroup, now?.nodeGroup]);
    if (old !== undefined || now !== undefined) pairs.set(key, [old, now]);
  }
  return [...pairs.values()];
}

async function diffGroup(before: Snapshot | undefined, after: Snapshot | undefined): Promise<GroupDiff> {
  const { makeSnapshot } = await import('../resources/snapshot.ts');
  const { diffRoutes } = await import('../posture/diff-routes.ts');
  const { diffResources, drainedListeners } = await import('../posture/diff-resources.ts');
  const { describePosture } = await import('../posture/compare-posture.ts');
  const { describeRoute } = await import('../posture/judge-weakenings.ts');
  const nothing = makeSnapshot([], new Map());
  const none = { entryPoints: [], routes: [], waivers: [] };
  const differences = diffResources(before ?? nothing, after ?? nothing);
  const routes = diffRoutes(before?.auth ?? none, after?.auth ?? none);
  return {
    group: after?.nodeGroup ?? before?.nodeGroup ?? '',
    routes: routes.map(difference => {
      const route = difference.after ?? difference.before;
      return {
        route: route === undefined ? '' : describeRoute(route),
        before: difference.before === undefined ? null : describePosture(difference.before.posture),
        after: difference.after === undefined ? null : describePosture(difference.after.posture),
        change: difference.change,
        reasons: difference.reasons,
      };
    }),
    public: (after?.auth?.routes ?? []).flatMap(route =>
      route.posture.kind === 'public' ? [{ route: describeRoute(route), reason: route.posture.reason }] : [],
    ),
    resources: differences.map(({ typeUrl, ...names }) => ({ type: typeLabel(typeUrl), ...names })),
    drains: drainedListeners(differences),
  };
}

function typeLabel(typeUrl: string): string {
  const short = shortNameOf(typeUrl);
  return short === 'other' ? messageNameOf(typeUrl) : short;
}

function isDifferent({ routes, resources }: GroupDiff): boolean {
  return resources.length > 0 || routes.some(({ change }) => change !== 'same');
}

/** The text of `-o table` for one node group. */
function groupText(diff: GroupDiff): string {
  const sections = [`node group ${diff.group}\n`];
  const changed = diff.routes.filter(({ change }) => change !== 'same');
  if (changed.length > 0) {
    const rows = changed.map(({ route, before, after, change, reasons }) => [
      change.toUpperCase(),
      route,
      before ?? '-',
      after ?? '-',
      reasons.join('; '),
    ]);
    sections.push(formatTable(['CHANGE', 'ROUTE', 'BEFORE', 'AFTER', 'REASON'], rows));
  }
  if (diff.public.length > 0) {
    sections.push(
      formatTable(
        ['PUBLIC', 'REASON'],
        diff.public.map(({ route, reason }) => [route, reason]),
      ),
    );
  }
  if (diff.resources.length > 0) {
    const rows = diff.resources.flatMap(({ type, added, changed: others, removed }) => [
      ...added.map(name => [type, 'added', name]),
      ...others.map(name => [type, 'changed', name]),
      ...removed.map(name => [type, 'removed', name]),
    ]);
    sections.push(formatTable(['TYPE', 'IS', 'NAME'], rows));
  }
  sections.push(
    diff.drains.length === 0 ? 'drains nothing\n' : `drains the connections of: ${diff.drains.join(', ')}\n`,
  );
  return sections.join('\n');
}
