import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CLUSTER, ENDPOINTS } from '../../src/resources/type-url.ts';
import type { ChangedPart } from './fleet-names.ts';
import type { LoadCommand, LoadCounts, LoadOptions, LoadReport } from './load-messages.ts';

type Received = Extract<LoadReport, { kind: 'received' }>;
type InSync = Extract<LoadReport, { kind: 'inSync' }>;

/** A load program that runs; ended with this process. */
export class LoadProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(options: LoadOptions) {
    this.#child = fork(join(import.meta.dirname, 'load-program.ts'));
    this.#ended = once(this.#child, 'close');
    this.#tell({ kind: 'start', options });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Opens streams and waits until all of them are in sync. */
  async open(count: number, refusing = 0): Promise<InSync> {
    const sinceMs = Date.now();
    this.#tell({ kind: 'open', count, refusing });
    return this.inSync(sinceMs);
  }

  /** Waits until every stream was answered whole, on a connection that was in sync at that time or later. */
  inSync(sinceMs: number): Promise<InSync> {
    this.#tell({ kind: 'awaitSync', sinceMs });
    return this.#report('inSync');
  }

  /** Runs a change and waits until every stream has it. */
  async receive(part: ChangedPart, marker: string, change: () => Promise<void>): Promise<Received> {
    this.#tell({ kind: 'expect', typeUrl: part === 'cluster' ? CLUSTER : ENDPOINTS, marker });
    const received = this.#report('received');
    await change();
    return received;
  }

  /** Since the call before. */
  counts(): Promise<LoadCounts> {
    this.#tell({ kind: 'count' });
    return this.#report('counts');
  }

  churn(perSecond: number): void {
    this.#tell({ kind: 'churn', perSecond });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #tell(command: LoadCommand): void {
    this.#child.send(command);
  }

  async #report<Kind extends LoadReport['kind']>(kind: Kind): Promise<Extract<LoadReport, { kind: Kind }>> {
    const ended = this.#ended.then(() => {
      throw new Error('the load program ended');
    });
    for (;;) {
      const [report] = (await Promise.race([once(this.#child, 'message'), ended])) as [LoadReport];
      if (report.kind === kind) return report as Extract<LoadReport, { kind: Kind }>;
    }
  }
}
