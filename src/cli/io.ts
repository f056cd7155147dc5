/** What a command sees of the process, so that tests run commands without one. */
export interface CliIo {
  /** Data. Nothing else goes here. */
  stdout(text: string): void;
  /** Progress, diagnostics and errors. */
  stderr(text: string): void;
  /** True when stderr may be coloured: a terminal, and NO_COLOR is not set. */
  readonly color: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

/** The real process. */
export function processIo(): CliIo {
  // `authplane schema | head`: a reader that has seen enough is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const noColor = process.env['NO_COLOR'];
  return {
    stdout: text => void process.stdout.write(text),
    stderr: text => void process.stderr.write(text),
    color: process.stderr.isTTY && (noColor === undefined || noColor === ''),
    environment: process.env,
    workingDirectory: process.cwd(),
  };
}
