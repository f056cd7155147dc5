import type { Command } from 'commander';
import type { SecretDetail, SecretNodeStatus, SecretStatus } from '../admin/secret-status.ts';
import { AuthplaneError } from '../platform/errors.ts';
import { addServerOptions, findJson, getJson, type ServerOptions } from './admin-client.ts';
import { examples, type CommandContext } from './command.ts';
import { formatTable, outputOption, printData, type OutputFormat } from './output.ts';

interface Options extends ServerOptions {
  readonly output: OutputFormat;
}

/** `authplane secrets …`: which secrets are served, and to whom. Never their content. */
export function registerSecrets(context: CommandContext): void {
  const group = context.program
    .command('secrets')
    .description('show which secrets are served, and who may have them')
    .addHelpText('after', examples('authplane secrets list', 'authplane secrets why-not edge-1 edge-tls'));
  registerList(group, context);
  registerWhoCan(group, context);
  registerWhyNot(group, context);
}

function registerList(group: Command, { io, run }: CommandContext): void {
  addServerOptions(group.command('list'), io)
    .description('list the secrets that are served')
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText('after', examples('authplane secrets list'))
    .action(
      run(async (options: Options) => {
        const { secrets } = await getJson<{ readonly secrets: readonly SecretStatus[] }>(
          options,
          '/api/v1/secrets',
        );
        await printData(io, options.output, secrets, () => formatTable(HEADER, secrets.map(rowOf)));
        return secrets.some(({ behind }) => behind.length > 0) ? 'notInSync' : 'ok';
      }),
    );
}

function registerWhoCan(group: Command, { io, run }: CommandContext): void {
  addServerOptions(group.command('who-can'), io)
    .description('list the connected proxies that may have a secret')
    .argument('<name>', 'name of the secret')
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText('after', examples('authplane secrets who-can edge-tls'))
    .action(
      run(async (name: string, options: Options) => {
        const detail = await detailOf(options, name);
        const allowed = detail.nodes.filter(({ access }) => access === 'granted');
        await printData(io, options.output, { ...detail, nodes: allowed }, () => whoCanText(detail, allowed));
        return 'ok';
      }),
    );
}

function registerWhyNot(group: Command, { io, run }: CommandContext): void {
  addServerOptions(group.command('why-not'), io)
    .description('tell why a connected proxy does not get a secret; exit 6 if it may not have it')
    .argument('<node>', 'id of the proxy')
    .argument('<name>', 'name of the secret')
    .addHelpText('after', examples('authplane secrets why-not edge-1 edge-tls'))
    .action(
      run(async (id: string, name: string, options: Options) => {
        const node = (await detailOf(options, name)).nodes.find(entry => entry.node === id);
        if (node === undefined) throw new AuthplaneError('USAGE', `no proxy with id "${id}" is connected`);
        io.stdout(`${id} ${STATES[node.state]} "${name}": ${node.access}, because ${node.reason}\n`);
        return node.access === 'granted' ? 'ok' : 'denied';
      }),
    );
}

const STATES: Readonly<Record<SecretNodeStatus['state'], string>> = {
  accepted: 'has',
  behind: 'has an older version of',
  unused: 'does not have',
};

const HEADER = ['SECRET', 'GROUP', 'KIND', 'ENDS', 'GRANTED TO', 'HAVE IT', 'BEHIND', 'WRITTEN IN'];

function rowOf(secret: SecretStatus): readonly string[] {
  const { name, group, kind, not_after, grant, accepted, behind, file, line } = secret;
  return [
    name,
    group,
    kind ?? '-',
    not_after ?? '-',
    grantText(grant),
    String(accepted),
    String(behind.length),
    `${file}:${line}`,
  ];
}

function grantText(grant: SecretStatus['grant']): string {
  if (grant === null) return 'all of the group';
  const names = [...grant.spiffe, ...grant.groups];
  return names.length === 0 ? 'nobody' : names.join(' ');
}

function whoCanText(detail: SecretDetail, allowed: readonly SecretNodeStatus[]): string {
  const rows = allowed.map(({ node, cluster, spiffe, state, reason }) => [
    node,
    cluster,
    spiffe.join(' ') || '-',
    state.toUpperCase(),
    reason,
  ]);
  const denied = detail.nodes.length - allowed.length;
  return (
    formatTable(HEADER, detail.secrets.map(rowOf)) +
    `\n${formatTable(['NODE', 'CLUSTER', 'SPIFFE ID', 'STATE', 'WHY'], rows)}` +
    `\n${allowed.length} connected may have it, ${denied} may not\n`
  );
}

/** @throws AuthplaneError USAGE when no such secret is served. */
async function detailOf(options: ServerOptions, name: string): Promise<SecretDetail> {
  const detail = await findJson<SecretDetail>(options, `/api/v1/secrets/${encodeURIComponent(name)}`);
  if (detail === undefined) throw new AuthplaneError('USAGE', `no secret "${name}" is served`);
  return detail;
}
