import { Argument } from 'commander';
import { SERVE_SETTINGS } from '../config/serve-settings.ts';
import { compareDiagnostics, type Diagnostic } from '../resources/diagnostic.ts';
import { resourceCount, type Snapshot } from '../resources/snapshot.ts';
import { authSlotsOption } from './auth-slots.ts';
import { examples, type CommandContext } from './command.ts';
import { counted, diagnosticJson, printDiagnostics } from './diagnostics.ts';
import type { LoadedDirectory } from './load-directory.ts';
import { outputOption, printData, type OutputFormat } from './output.ts';

interface Options {
  readonly authSlots: number;
  readonly envoy?: true;
  readonly envoyBinary?: string;
  readonly output: OutputFormat;
}

/** `authplane validate [PATH]`: everything `serve` would check, and with `--envoy` a real Envoy's opinion. */
export function registerValidate({ program, io, run }: CommandContext): void {
  program
    .command('validate')
    .description('check snapshot files as serve does, without serving them')
    .addArgument(
      new Argument('[path]', 'snapshot directory, or one file').default(SERVE_SETTINGS.snapshots.default),
    )
    .addOption(authSlotsOption())
    .option('--envoy', 'also let a real Envoy validate each node group (ENVOY, or envoy on PATH)')
    .option('--envoy-binary <file>', 'the Envoy to use; implies --envoy')
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText(
      'after',
      '\nDiagnostics are file:line:column severity message [code]. Exit code 0: no error, 2: errors.\n' +
        examples(
          'authplane validate snapshots/',
          'authplane validate --envoy',
          'authplane validate edge.yaml -o json',
        ),
    )
    .action(
      run(async (path: string, options: Options) => {
        const { loadDirectory } = await import('./load-directory.ts');
        const loaded = await loadDirectory(path, Date.now(), { authSlots: options.authSlots });
        const snapshots = await snapshotsOf(loaded);
        const asksEnvoy = options.envoy === true || options.envoyBinary !== undefined;
        const refusals = asksEnvoy
          ? await askEnvoy(options.envoyBinary, io.environment, loaded, snapshots)
          : [];
        const diagnostics = [...loaded.outcome.diagnostics, ...refusals].sort(compareDiagnostics);
        const errors = diagnostics.filter(diagnostic => diagnostic.severity === 'error').length;
        const summary = summaryOf(loaded, snapshots, diagnostics);
        if (options.output === 'table') {
          printDiagnostics(io, diagnostics);
          io.stderr(`${summary}\n`);
        } else {
          const groups = snapshots.map(({ nodeGroup, version }) => ({ group: nodeGroup, version }));
          const value = { ok: errors === 0, summary, groups, diagnostics: diagnostics.map(diagnosticJson) };
          await printData(io, options.output, value, () => '');
        }
        return errors === 0 ? 'ok' : 'invalid';
      }),
    );
}

async function snapshotsOf(loaded: LoadedDirectory): Promise<readonly Snapshot[]> {
  const { publishedGroups } = await import('../store/store-state.ts');
  return [...publishedGroups(loaded.state)].map(({ group }) => group.snapshot);
}

async function askEnvoy(
  binary: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  { schema }: LoadedDirectory,
  snapshots: readonly Snapshot[],
): Promise<readonly Diagnostic[]> {
  const { findEnvoy, validateWithEnvoy } = await import('./envoy-validate.ts');
  const { staticConfig } = await import('./static-config.ts');
  const envoy = await findEnvoy(binary, environment);
  const refusals: Diagnostic[] = [];
  for (const snapshot of snapshots) {
    const verdict = await validateWithEnvoy(envoy, staticConfig(schema, snapshot));
    if (verdict.kind === 'refused') refusals.push(refusalOf(snapshot, verdict.reason));
  }
  return refusals;
}

/** Envoy names a resource, not a place: the longest name that stands in the reason gives the place. */
function refusalOf(snapshot: Snapshot, reason: string): Diagnostic {
  const words = ` ${reason.replaceAll(/[^\w./:*-]+/g, ' ')} `;
  const resources = [...snapshot.resources.values()].flatMap(set => [...set.byName.values()]);
  const named = resources
    .filter(resource => words.includes(` ${resource.name} `))
    .sort((a, b) => b.name.length - a.name.length);
  const { file, line, column } = named[0]?.origin ?? { file: snapshot.files[0] ?? '.', line: 1, column: 1 };
  return { file, line, column, severity: 'error', code: 'AP1801', message: `Envoy refuses it: ${reason}` };
}

function summaryOf(
  loaded: LoadedDirectory,
  snapshots: readonly Snapshot[],
  diagnostics: readonly Diagnostic[],
): string {
  const errors = diagnostics.filter(diagnostic => diagnostic.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const files = loaded.tree.files.length + new Set(loaded.tree.refused.map(({ file }) => file)).size;
  const resources = snapshots.reduce((sum, snapshot) => sum + resourceCount(snapshot), 0);
  const held = loaded.outcome.heldGroups.length;
  const consequence = held === 0 ? '' : `; ${counted(held, 'node group')} would be held back`;
  return (
    `${counted(errors, 'error')}, ${counted(warnings, 'warning')} in ${counted(files, 'file')} ` +
    `(${counted(snapshots.length, 'node group')}, ${counted(resources, 'resource')})${consequence}`
  );
}
