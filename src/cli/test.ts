import { Option } from 'commander';
import type { Diagnostic } from '../resources/diagnostic.ts';
import { authSlotsOption } from './auth-slots.ts';
import { examples, type CommandContext } from './command.ts';
import { printDiagnostics } from './diagnostics.ts';
import type { CliIo } from './io.ts';
import { outputOption, printData, type OutputFormat } from './output.ts';
import { judgeCase, type Outcome } from './policy-test/judge-case.ts';
import type { PolicyCase } from './policy-test/policy-case.ts';
import type { CasesRun, ReadCaseFile } from './policy-test/run-cases.ts';

interface Options {
  readonly cases: string;
  readonly against?: string;
  readonly envoyBinary?: string;
  readonly authSlots: number;
  readonly output: OutputFormat;
}

/** One case with its result. Plain JSON. */
interface CaseResult {
  readonly case: string;
  readonly place: string;
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly decision: string;
  readonly status: number;
  /** With `--against`: what the other snapshot decides. */
  readonly before?: string;
}

/** `authplane test SNAPSHOTS --cases DIR`: replays allow and deny cases against a throw-away Envoy. */
export function registerTest({ program, io, run }: CommandContext): void {
  program
    .command('test')
    .description('replay allow and deny cases against a real Envoy with the snapshot')
    .argument('[snapshots]', 'snapshot directory', 'snapshots')
    .option('--cases <path>', 'directory of case files (*.yaml), or one of them', 'policy-tests')
    .addOption(new Option('--against <path>', 'another snapshot directory: show where decisions differ'))
    .addOption(new Option('--envoy-binary <path>', 'the Envoy to run (default: $ENVOY, then envoy on PATH)'))
    .addOption(authSlotsOption())
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText(
      'after',
      '\nKeys, passwords and certificates are made for the test; clusters lead to a stand-in. Nothing real is reached.\n' +
        examples('authplane test', 'authplane test snapshots --cases policy-tests --against main/snapshots'),
    )
    .action(
      run(async (snapshots: string, options: Options) => {
        const files = await readCases(io, options.cases);
        if (files === undefined) return 'invalid';
        const { findEnvoy } = await import('./envoy-validate.ts');
        const { runCases } = await import('./policy-test/run-cases.ts');
        const envoyBinary = await findEnvoy(options.envoyBinary, io.environment);
        const { authSlots } = options;
        const how = { envoyBinary, authSlots, progress: (text: string): void => io.stderr(text) };
        const now = await runCases(snapshots, files, how);
        if (!isRun(io, now)) return 'invalid';
        const other = options.against === undefined ? undefined : await runCases(options.against, files, how);
        if (other !== undefined && !isRun(io, other)) return 'invalid';
        const results = resultsOf(files, now.outcomes, other?.outcomes);
        await printData(io, options.output, { cases: results }, () => resultText(results));
        return results.every(({ ok }) => ok) ? 'ok' : 'invalid';
      }),
    );
}

/** Undefined when a file is not valid; its problems are printed then. */
async function readCases(io: CliIo, path: string): Promise<readonly ReadCaseFile[] | undefined> {
  const { findCaseFiles } = await import('./policy-test/find-case-files.ts');
  const { readCaseFile } = await import('./policy-test/case-file.ts');
  const { loadSchema } = await import('../compiler/schema/registry.ts');
  const { readDescriptorImage } = await import('../platform/descriptor-image.ts');
  const schema = loadSchema(readDescriptorImage());
  const read = (await findCaseFiles(path)).map(file => readCaseFile(schema, file.path, file.text));
  const diagnostics: Diagnostic[] = read.flatMap(file => (file.kind === 'failed' ? file.diagnostics : []));
  if (diagnostics.length > 0) {
    printDiagnostics(io, diagnostics);
    return undefined;
  }
  return read.flatMap(file => (file.kind === 'read' ? [file] : []));
}

function isRun(io: CliIo, result: CasesRun): result is Extract<CasesRun, { kind: 'run' }> {
  if (result.kind === 'invalid') printDiagnostics(io, result.diagnostics);
  if (result.kind === 'refused') io.stderr(`authplane: ${result.message}\n`);
  return result.kind === 'run';
}

function resultsOf(
  files: readonly ReadCaseFile[],
  outcomes: ReadonlyMap<PolicyCase, Outcome>,
  others: ReadonlyMap<PolicyCase, Outcome> | undefined,
): readonly CaseResult[] {
  return files.flatMap(({ content, origins }) =>
    content.cases.flatMap((entry, index) => {
      const outcome = outcomes.get(entry);
      const origin = origins[index];
      if (outcome === undefined || origin === undefined) return [];
      const problems = judgeCase(entry.expect, outcome);
      const before = others?.get(entry);
      return [
        {
          case: entry.name,
          place: `${origin.file}:${origin.line}`,
          ok: problems.length === 0,
          problems,
          decision: outcome.decision,
          status: outcome.status,
          ...(before === undefined ? {} : { before: before.decision }),
        },
      ];
    }),
  );
}

function resultText(results: readonly CaseResult[]): string {
  const lines = results.map(({ case: name, place, ok, problems, decision, status }) =>
    ok
      ? `ok      ${name} (${decision}, ${status})\n`
      : `FAILED  ${name} (${place}): ${problems.join('; ')}\n`,
  );
  const changed = results.filter(({ before, decision }) => before !== undefined && before !== decision);
  const differences = changed.map(
    ({ case: name, before, decision }) => `  ${name}: ${String(before)} -> ${decision}\n`,
  );
  const failed = results.filter(({ ok }) => !ok).length;
  return [
    ...lines,
    ...(differences.length === 0 ? [] : ['\ndecisions that change:\n', ...differences]),
    `\n${results.length - failed} passed, ${failed} failed\n`,
  ].join('');
}
