import { InvalidArgumentError, Option } from 'commander';
import { SERVE_SETTINGS } from '../config/serve-settings.ts';
import type { NodeIdentity } from '../resources/node.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import { messageNameOf, shortNameOf } from '../resources/type-url.ts';
import { authSlotsOption } from './auth-slots.ts';
import { examples, type CommandContext } from './command.ts';
import { printDiagnostics } from './diagnostics.ts';
import type { CliIo } from './io.ts';
import type { LoadedDirectory } from './load-directory.ts';
import { formatTable, outputOption, printData, type OutputFormat } from './output.ts';

interface Options {
  readonly snapshots: string;
  readonly authSlots: number;
  readonly nodeId: string;
  readonly nodeCluster: string;
  readonly nodeMetadata: Readonly<Record<string, unknown>>;
  readonly output: OutputFormat;
}

/** `authplane compile --node-id ID`: the snapshot that a proxy would get. */
export function registerCompile({ program, io, run }: CommandContext): void {
  program
    .command('compile')
    .description('print the resources that a proxy would get')
    .requiredOption('--node-id <id>', 'node.id of the proxy')
    .option('--node-cluster <name>', 'node.cluster of the proxy', '')
    .addOption(
      new Option('--node-metadata <json>', 'node.metadata of the proxy')
        .argParser(metadataArgument)
        .default({}, '{}'),
    )
    .option('--snapshots <path>', 'snapshot directory', SERVE_SETTINGS.snapshots.default)
    .addOption(authSlotsOption())
    .addOption(outputOption(['yaml', 'json', 'table'], 'yaml'))
    .addHelpText(
      'after',
      '\nPrivate keys, passwords and tokens are printed as [redacted].\n' +
        examples(
          'authplane compile --node-id edge-1 --node-cluster edge',
          `authplane compile --node-id edge-1 --node-metadata '{"region":"eu"}' -o json`,
        ),
    )
    .action(
      run(async (options: Options) => {
        const { loadDirectory } = await import('./load-directory.ts');
        const { acceptNode } = await import('../store/acceptance.ts');
        const loaded = await loadDirectory(options.snapshots, Date.now(), { authSlots: options.authSlots });
        const { placement, evaluated } = acceptNode(loaded.state, nodeOf(options), loaded.nowMs);
        switch (placement.kind) {
          case 'served':
            await print(io, options.output, loaded, placement.group.snapshot);
            return 'ok';
          case 'unmatched':
            io.stderr(`authplane: no snapshot file matches node ${options.nodeId}\n`);
            return 'invalid';
          case 'held':
            printDiagnostics(
              io,
              evaluated?.kind === 'held' ? evaluated.diagnostics : loaded.outcome.diagnostics,
            );
            return 'invalid';
        }
      }),
    );
}

async function print(
  io: CliIo,
  format: OutputFormat,
  { schema }: LoadedDirectory,
  snapshot: Snapshot,
): Promise<void> {
  const { redactedResourceJson } = await import('./resource-json.ts');
  const resources = [...snapshot.resources]
    .filter(([, set]) => set.size > 0)
    .map(([typeUrl, set]) => ({
      type_url: typeUrl,
      version: snapshot.pinnedVersion ?? set.version,
      resources: [...set.byName.values()].map(resource => ({
        name: resource.name,
        version: resource.version,
        origin: `${resource.origin.file}:${resource.origin.line}:${resource.origin.column}`,
        resource: redactedResourceJson(schema, resource),
      })),
    }));
  const value = {
    group: snapshot.nodeGroup,
    files: snapshot.files,
    version: snapshot.version,
    types: resources,
  };
  await printData(io, format, value, () =>
    formatTable(
      ['TYPE', 'NAME', 'VERSION', 'ORIGIN'],
      resources.flatMap(type =>
        type.resources.map(({ name, version, origin }) => [typeLabel(type.type_url), name, version, origin]),
      ),
    ),
  );
}

function typeLabel(typeUrl: string): string {
  const short = shortNameOf(typeUrl);
  return short === 'other' ? messageNameOf(typeUrl) : short;
}

function nodeOf({ nodeId, nodeCluster, nodeMetadata }: Options): NodeIdentity {
  return { id: nodeId, cluster: nodeCluster, metadata: nodeMetadata };
}

function metadataArgument(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It must be JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError('It must be a JSON object.');
  }
  return value as Readonly<Record<string, unknown>>;
}
