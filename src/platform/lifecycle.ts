import type { Clock } from './clock.ts';

/** A part of the server that is started once and stopped once. */
export interface Component {
  readonly name: string;
  start(): Promise<void>;
  /** Called only after `start` succeeded. */
  stop(): Promise<void>;
}

/** Starts components in order and stops those that were started in reverse order. */
export class Lifecycle {
  readonly #components: readonly Component[];
  readonly #onStopFailed: (component: string, thrown: unknown) => void;
  readonly #started: Component[] = [];
  #stopping: Promise<void> | undefined;

  /** `onStopFailed`: a component that could not be stopped; the others are stopped all the same. */
  constructor(components: readonly Component[], onStopFailed: (component: string, thrown: unknown) => void) {
    this.#components = components;
    this.#onStopFailed = onStopFailed;
  }

  /** @throws what a component threw, after the ones before it were stopped; nothing more is started after `stop`. */
  async start(): Promise<void> {
    for (const component of this.#components) {
      try {
        await component.start();
      } catch (thrown) {
        await this.stop();
        throw thrown;
      }
      this.#started.push(component);
      if (this.#stopping !== undefined) {
        // A stop that came while this component was starting has not seen it.
        await this.#stopStarted();
        return;
      }
    }
  }

  /** Stops everything once; later calls wait for the first one. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopStarted();
    return this.#stopping;
  }

  async #stopStarted(): Promise<void> {
    for (let component = this.#started.pop(); component !== undefined; component = this.#started.pop()) {
      try {
        await component.stop();
      } catch (thrown) {
        this.#onStopFailed(component.name, thrown);
      }
    }
  }
}

/** The part of `process` that sends signals and last-resort errors. */
export interface SignalSource {
  on(event: string, listener: (argument: unknown) => void): unknown;
  off(event: string, listener: (argument: unknown) => void): unknown;
}

/** What the server does on signals. */
export interface SignalActions {
  /** Ends the server in an orderly way. Called once. */
  readonly stop: (signal: 'SIGTERM' | 'SIGINT') => Promise<void>;
  /** SIGHUP. */
  readonly rescan: () => void;
  /** Ends the process. Called once, last. */
  readonly exit: (code: number, reason: ExitReason) => void;
  /** Something was thrown that nobody caught: state may be inconsistent, so the process ends with code 1. */
  readonly fatal: (thrown: unknown) => void;
}

type ExitReason = 'stopped' | 'stop-failed' | 'second-signal' | 'hard-stop' | 'fatal';

/** 128 + signal number, as a shell reports a process that a signal ended. */
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * SIGTERM, SIGINT: `stop`, then exit 0; a second one, or `hardStopMs` (default 30 s) gone by: exit at once.
 * SIGHUP: `rescan`. Disposing stops listening.
 */
export function handleSignals(
  parts: { readonly signals: SignalSource; readonly clock: Clock; readonly actions: SignalActions },
  options: { readonly hardStopMs?: number } = {},
): Disposable {
  const { signals, clock, actions } = parts;
  let hardStop: Disposable | undefined;
  let ended = false;
  const end = (code: number, reason: ExitReason): void => {
    if (ended) return;
    ended = true;
    hardStop?.[Symbol.dispose]();
    actions.exit(code, reason);
  };
  const onStop = (signal: 'SIGTERM' | 'SIGINT'): void => {
    if (hardStop !== undefined) {
      end(SIGNAL_EXIT_CODES[signal], 'second-signal');
      return;
    }
    hardStop = clock.after(options.hardStopMs ?? 30_000, () => end(1, 'hard-stop'));
    actions.stop(signal).then(
      () => end(0, 'stopped'),
      (thrown: unknown) => {
        actions.fatal(thrown);
        end(1, 'stop-failed');
      },
    );
  };
  const onFatal = (thrown: unknown): void => {
    actions.fatal(thrown);
    end(1, 'fatal');
  };
  const listeners: readonly (readonly [string, (argument: unknown) => void])[] = [
    ['SIGTERM', () => onStop('SIGTERM')],
    ['SIGINT', () => onStop('SIGINT')],
    ['SIGHUP', () => actions.rescan()],
    ['unhandledRejection', onFatal],
    ['uncaughtException', onFatal],
  ];
  for (const [event, listener] of listeners) signals.on(event, listener);
  return {
    [Symbol.dispose]: () => {
      hardStop?.[Symbol.dispose]();
      for (const [event, listener] of listeners) signals.off(event, listener);
    },
  };
}
