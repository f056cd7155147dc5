import type { GroupStatus, NodeStatus, SnapshotsStatus } from '../admin/status-source.ts';
import { EXPIRY_WARNING_MS } from '../certificates/certificate-file.ts';
import { RESOURCE_TYPES } from '../resources/type-url.ts';
import { addServerOptions, getJson, type ServerOptions } from './admin-client.ts';
import { examples, type CommandContext } from './command.ts';
import type { ExitName } from './exit-codes.ts';
import { formatTable, outputOption, printData, type OutputFormat } from './output.ts';

interface Options extends ServerOptions {
  readonly all?: true;
  readonly output: OutputFormat;
}

interface Fleet {
  readonly snapshots: SnapshotsStatus;
  readonly nodes: readonly NodeStatus[];
}

/** `authplane status`: snapshots and proxies of a running authplane; exit 4 while one of them is not as it should be. */
export function registerStatus({ program, io, run }: CommandContext): void {
  addServerOptions(program.command('status'), io)
    .description('show what a running authplane serves and what its proxies have')
    .option('--all', 'list synced proxies too')
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText(
      'after',
      examples('authplane status', 'authplane status --all -o json --server http://authplane:19000'),
    )
    .action(
      run(async (options: Options) => {
        const snapshots = await getJson<SnapshotsStatus>(options, '/api/v1/snapshots');
        const { nodes } = await getJson<{ readonly nodes: readonly NodeStatus[] }>(options, '/api/v1/nodes');
        const fleet = { snapshots, nodes };
        await printData(io, options.output, fleet, () => fleetTable(fleet, options.all === true, Date.now()));
        return exitOf(fleet);
      }),
    );
}

function exitOf({ snapshots, nodes }: Fleet): ExitName {
  const isStale = snapshots.groups.some(group => group.state !== 'current');
  return isStale || nodes.some(needsAttention) ? 'notInSync' : 'ok';
}

function needsAttention(node: NodeStatus): boolean {
  return node.connected && (node.state !== 'synced' || node.group === null);
}

/** The text of `-o table`. */
function fleetTable({ snapshots, nodes }: Fleet, showAll: boolean, nowMs: number): string {
  const shown = nodes.filter(node => showAll || needsAttention(node));
  const sections = [
    `last load: ${snapshots.last_load}${snapshots.last_load_at === null ? '' : ` at ${snapshots.last_load_at}`}\n`,
  ];
  if (snapshots.confirm !== null) {
    sections.push(
      `the shrink guard holds a load back; to accept it: authplane confirm ${snapshots.confirm}\n`,
    );
  }
  if (snapshots.groups.length > 0) sections.push('\n', groupTable(snapshots.groups));
  const open = snapshots.groups.flatMap(group => group.public_routes);
  if (open.length > 0) sections.push('\n', publicTable(open));
  const ending = snapshots.groups.flatMap(group => endingCertificates(group, nowMs));
  if (ending.length > 0) sections.push('\n', formatTable(['CERTIFICATE', 'GROUP', 'ENDS'], ending));
  if (shown.length > 0) sections.push('\n', nodeTable(shown));
  for (const node of shown) sections.push(...nackLines(node));
  const draining = nodes.filter(node => node.connected && node.auth_edits === 'drain').length;
  if (draining > 0) {
    const envoys = draining === 1 ? 'Envoy has' : 'Envoys have';
    sections.push(
      `\n${draining} ${envoys} no filter_chain (below 1.39): edits of auth chains drain connections\n`,
    );
  }
  const connected = nodes.filter(node => node.connected).length;
  const synced = nodes.filter(node => node.connected && !needsAttention(node)).length;
  sections.push(`\n${connected} connected, ${synced} synced${showAll ? '' : ' (all of them: --all)'}\n`);
  return sections.join('');
}

function groupTable(groups: readonly GroupStatus[]): string {
  const rows = groups.map(group => [
    group.group,
    group.version,
    group.state.toUpperCase(),
    String(Object.values(group.resources).reduce((sum, count) => sum + count, 0)),
    String(group.nodes),
  ]);
  return formatTable(['GROUP', 'VERSION', 'STATE', 'RESOURCES', 'NODES'], rows);
}

/** Rows of the certificates that run out within a week, or have. */
function endingCertificates({ group, certificates }: GroupStatus, nowMs: number): readonly string[][] {
  return certificates
    .filter(({ not_after }) => Date.parse(not_after) - nowMs < EXPIRY_WARNING_MS)
    .map(({ name, not_after }) => [name, group, not_after]);
}

function publicTable(routes: GroupStatus['public_routes']): string {
  return formatTable(
    ['PUBLIC ROUTE', 'REASON'],
    routes.map(({ route, reason }) => [route, reason]),
  );
}

function nodeTable(nodes: readonly NodeStatus[]): string {
  const types = RESOURCE_TYPES.map(type => type.shortName).filter(type =>
    nodes.some(node => type in node.types),
  );
  const rows = nodes.map(node => [
    node.id,
    node.group ?? '(no file matches)',
    node.connected ? node.state.toUpperCase() : 'GONE',
    ...types.map(type => node.types[type]?.state.toUpperCase() ?? '-'),
  ]);
  return formatTable(['NODE', 'GROUP', 'STATE', ...types.map(type => type.toUpperCase())], rows);
}

function nackLines(node: NodeStatus): readonly string[] {
  return Object.values(node.types).flatMap(({ nack }) => {
    if (nack === null) return [];
    const places = nack.resources
      .slice(0, 3)
      .map(({ name, file, line, column }) => `  -> ${file}:${line}:${column} ${name}\n`);
    return [`\n${node.id} ${nack.type} rejected at ${nack.at}: ${nack.reason}\n`, ...places];
  });
}
