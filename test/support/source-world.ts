import {
  initialSourceState,
  stepSource,
  type SourceEffect,
  type SourceEvent,
  type SourceState,
  type SourceTimer,
  type SourceTimings,
  type Trigger,
  type Verdict,
} from '../../src/loader/source-machine.ts';
import { FakeClock } from './fake-clock.ts';

/** A state of the files: every change gives a new signature, whatever the content. */
export interface WorldState {
  readonly signature: string;
  readonly hash: string;
  readonly verdict: Verdict;
  readonly sinceMs: number;
}

export type Said = SourceEffect & { readonly atMs: number; readonly scanned: WorldState | undefined };

/** Files reduced to one signature and one hash, and a driver of the machine whose scans and readings take time. */
export class SourceWorld {
  readonly clock = new FakeClock();
  /** Effects that the outside notices. */
  readonly said: Said[] = [];
  readonly #timings: SourceTimings;
  readonly #scanMs: number;
  readonly #readMs: number;
  readonly #timers = new Map<SourceTimer, Disposable>();
  #state: SourceState = initialSourceState;
  readonly #contents = new Map<string, WorldState>();
  #changes = 0;
  #running = 0;
  /** The world as the last scan saw it. */
  #scanned: WorldState | undefined;
  world: WorldState = { signature: '0', hash: 'initial', verdict: 'clean', sinceMs: 0 };

  constructor(timings: SourceTimings, scanMs: number, readMs: number) {
    this.#timings = timings;
    this.#scanMs = scanMs;
    this.#readMs = readMs;
  }

  start(): void {
    this.#send({ kind: 'started' });
  }

  hint(trigger: Exclude<Trigger, 'poll'> = 'event'): void {
    this.#send({ kind: 'hint', trigger });
  }

  /** The content becomes `hash`, under a new signature unless `silently`. */
  change(hash: string, verdict: Verdict, silently = false): void {
    this.#changes += 1;
    const signature = silently ? this.world.signature : String(this.#changes);
    this.world = { signature, hash, verdict, sinceMs: this.clock.nowMs() };
  }

  get handed(): string[] {
    return this.said.flatMap(effect => (effect.kind === 'hand-over' ? [effect.hash] : []));
  }

  /** True when something is under way or will be by itself. */
  get isAlive(): boolean {
    return this.clock.pending > 0;
  }

  get isIdle(): boolean {
    return this.#state.phase.kind === 'idle';
  }

  #send(event: SourceEvent): void {
    const step = stepSource(this.#timings, this.#state, event, this.clock.nowMs());
    this.#state = step.state;
    for (const effect of step.effects) this.#run(effect);
  }

  #run(effect: SourceEffect): void {
    switch (effect.kind) {
      case 'start-timer':
      case 'cancel-timer':
        this.#timers.get(effect.timer)?.[Symbol.dispose]();
        if (effect.kind === 'cancel-timer') break;
        this.#timers.set(
          effect.timer,
          this.clock.after(effect.ms, () => this.#send({ kind: 'elapsed', timer: effect.timer })),
        );
        break;
      case 'scan':
        this.#scan();
        break;
      case 'read':
        this.#read(effect.everything);
        break;
      case 'hand-over':
      case 'settling':
      case 'rescanned':
      case 'unstable':
        this.said.push({ ...effect, atMs: this.clock.nowMs(), scanned: this.#scanned });
        break;
    }
  }

  /** What is seen is the beginning of the scan, so that a change meanwhile is missed. */
  #scan(): void {
    const seen = this.world;
    this.#takeTime(this.#scanMs, () => {
      this.#scanned = seen;
      return { kind: 'scanned', signature: seen.signature, durationMs: this.#scanMs };
    });
  }

  /** What was read is the beginning of the reading, so that a change meanwhile makes it old. */
  #read(everything: boolean): void {
    // A reader that trusts signatures knows what it read under the same one before.
    const cached = everything ? undefined : this.#contents.get(this.world.signature);
    const { hash, verdict, signature } = cached ?? this.world;
    this.#contents.set(signature, cached ?? this.world);
    this.#takeTime(this.#readMs, () => ({ kind: 'read', hash, verdict }));
  }

  #takeTime(ms: number, answer: () => SourceEvent): void {
    this.#running += 1;
    if (this.#running > 1) throw new Error('the machine started something before the last had ended');
    this.clock.after(ms, () => {
      this.#running -= 1;
      this.#send(answer());
    });
  }
}
