import { run } from '../../src/cli/run.ts';

/** What a command did. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. Default: no environment, the current directory. */
export async function runCli(
  argv: readonly string[],
  options: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly workingDirectory?: string;
  } = {},
): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const code = await run(argv, {
    stdout: text => {
      stdout += text;
    },
    stderr: text => {
      stderr += text;
    },
    color: false,
    environment: options.environment ?? {},
    workingDirectory: options.workingDirectory ?? process.cwd(),
  });
  return { code, stdout, stderr };
}
