/** What made the loader look: an event of the operating system, its own clock, SIGHUP, or a call of the API. */
export type Trigger = 'event' | 'poll' | 'signal' | 'api';

/** Milliseconds. Defaults: `Loader`. */
export interface SourceTimings {
  /** Quiet time after a hint before the first scan. */
  readonly debounceMs: number;
  /** The first scan starts at the latest so long after the first hint. */
  readonly maxWaitMs: number;
  /** Between the two scans that must agree. */
  readonly confirmMs: number;
  /** Between the end of one look and the next without a hint. */
  readonly pollMs: number;
  /** How long a doubtful state must stay before it is handed over. One that keeps changing waits at most five times as long. */
  readonly settleMs: number;
  /** How often all contents are read again, whatever the signatures say. */
  readonly rehashMs: number;
  /** A state that is still changing after so long is reported. */
  readonly unstableMs: number;
}

/**
 * `doubtful`: this may well be the middle of a save (a file broken, missing or cut short), so it is only handed over
 * once it has stayed for `settleMs`.
 */
export type Verdict = 'clean' | 'doubtful';

export type SourceTimer = 'debounce' | 'confirm' | 'poll' | 'settle';

export type SourceEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'hint'; readonly trigger: Exclude<Trigger, 'poll'> }
  | { readonly kind: 'elapsed'; readonly timer: SourceTimer }
  /** The scan asked for is done and took so long. */
  | { readonly kind: 'scanned'; readonly signature: string; readonly durationMs: number }
  /** The contents asked for were read. */
  | { readonly kind: 'read'; readonly hash: string; readonly verdict: Verdict }
  /** They could not be: something changed while they were read. */
  | { readonly kind: 'unreadable' }
  /** The scan or the reading ended with an exception, a defect. */
  | { readonly kind: 'failed' };

export type SourceEffect =
  /** Start the timer, or start it again. */
  | { readonly kind: 'start-timer'; readonly timer: SourceTimer; readonly ms: number }
  | { readonly kind: 'cancel-timer'; readonly timer: SourceTimer }
  /** Scan, and answer with `scanned` or `failed`. */
  | { readonly kind: 'scan' }
  /** Read what the last scan saw, and answer with `read`, `unreadable` or `failed`. `everything`: trust no signature. */
  | { readonly kind: 'read'; readonly everything: boolean }
  /** The tree with this hash is true: two scans before and one after reading agreed on it. */
  | { readonly kind: 'hand-over'; readonly hash: string }
  /** The tree with this hash is true but doubtful; it may be handed over later. */
  | { readonly kind: 'settling'; readonly hash: string }
  /** One look is over. `changed`: there was a state that nobody had seen. */
  | { readonly kind: 'rescanned'; readonly trigger: Trigger; readonly changed: boolean }
  /** The files have not stood still for so long. Once per look. */
  | { readonly kind: 'unstable'; readonly forMs: number };

/** One look at the source, from the first scan to its conclusion. */
interface Look {
  readonly trigger: Trigger;
  readonly everything: boolean;
  readonly startedMs: number;
  readonly reportedUnstable: boolean;
  /** Another look must follow: a hint came while a scan ran, which may have missed it, or an operator asked. */
  readonly next: Trigger | undefined;
}

/**
 * - `idle`: nothing to do until a hint or the poll timer.
 * - `debouncing`: hints came, since `sinceMs`; waits for quiet.
 * - `scanning`: a scan runs. `expected` is the signature it has to show: of the scan before, or, with `content`, of what
 *   was read.
 * - `confirming`: waits before the next scan. `seen` is what the last one showed.
 * - `reading`: the contents are read; two scans showed `seen`.
 */
type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'debouncing'; readonly sinceMs: number; readonly trigger: Trigger }
  | {
      readonly kind: 'scanning';
      readonly look: Look;
      readonly expected: string | undefined;
      readonly content: Content | undefined;
    }
  | { readonly kind: 'confirming'; readonly look: Look; readonly seen: string | undefined }
  | { readonly kind: 'reading'; readonly look: Look; readonly seen: string };

interface Content {
  readonly hash: string;
  readonly verdict: Verdict;
}

export interface SourceState {
  readonly phase: Phase;
  /** Hash of the tree handed over last. */
  readonly handed: string | undefined;
  /** Signature of the last state that was concluded on. */
  readonly known: string | undefined;
  /** The doubtful tree that was concluded on last, if it has not been handed over. */
  readonly settling:
    { readonly hash: string; readonly sinceMs: number; readonly untilMs: number } | undefined;
  /** When all contents were last read. */
  readonly everythingReadMs: number;
  /** Grows with the duration of scans, so that they never take more than a tenth of the time. */
  readonly pollMs: number;
}

export interface SourceStep {
  readonly state: SourceState;
  readonly effects: readonly SourceEffect[];
}

/** Scans of large or slow trees take at most this share of the time. */
const SCAN_SHARE = 10;
/** A doubtful state that keeps changing is handed over after so many times `settleMs`. */
const MAX_SETTLES = 5;

export const initialSourceState: SourceState = {
  phase: { kind: 'idle' },
  handed: undefined,
  known: undefined,
  settling: undefined,
  everythingReadMs: 0,
  pollMs: 0,
};

/**
 * When to look at the source and which of the states seen to hand over; no I/O and no clock. A state is handed over
 * only after two scans `confirmMs` apart and one after reading agreed; never when its hash was the last one handed over;
 * when doubtful, only after it has settled (the very first is not held back).
 */
export function stepSource(
  timings: SourceTimings,
  state: SourceState,
  event: SourceEvent,
  nowMs: number,
): SourceStep {
  switch (event.kind) {
    case 'started':
      return startLook(state, newLook('api', true, nowMs));
    case 'hint':
      return onHint(timings, state, event.trigger, nowMs);
    case 'elapsed':
      return onElapsed(timings, state, event.timer, nowMs);
    case 'scanned':
      return onScanned(timings, state, event, nowMs);
    case 'read':
    case 'unreadable':
      return onRead(timings, state, event, nowMs);
    case 'failed':
      return onFailed(timings, state, nowMs);
  }
}

function onHint(
  timings: SourceTimings,
  state: SourceState,
  trigger: Exclude<Trigger, 'poll'>,
  nowMs: number,
): SourceStep {
  const { phase } = state;
  switch (phase.kind) {
    case 'idle':
      return debounce(timings, state, { kind: 'debouncing', sinceMs: nowMs, trigger }, nowMs);
    case 'debouncing':
      // What an operator asked for stays attributed to the operator.
      return debounce(
        timings,
        state,
        { ...phase, trigger: trigger === 'event' ? phase.trigger : trigger },
        nowMs,
      );
    case 'scanning':
    case 'confirming':
    case 'reading':
      return only({ ...state, phase: { ...phase, look: hintedLook(phase, trigger) } });
  }
}

function onElapsed(
  timings: SourceTimings,
  state: SourceState,
  timer: SourceTimer,
  nowMs: number,
): SourceStep {
  const { phase } = state;
  if (phase.kind === 'debouncing' && timer === 'debounce') {
    return startLook(state, newLook(phase.trigger, phase.trigger !== 'event', nowMs));
  }
  if (phase.kind === 'confirming' && timer === 'confirm') {
    return scan(state, phase.look, phase.seen, undefined);
  }
  if (phase.kind === 'idle' && (timer === 'poll' || timer === 'settle')) {
    const everything = nowMs - state.everythingReadMs >= timings.rehashMs;
    return startLook(state, newLook('poll', everything, nowMs), [{ kind: 'cancel-timer', timer: 'poll' }]);
  }
  return only(state);
}

function onScanned(
  timings: SourceTimings,
  before: SourceState,
  event: { readonly signature: string; readonly durationMs: number },
  nowMs: number,
): SourceStep {
  const { phase } = before;
  if (phase.kind !== 'scanning') return only(before);
  const state = { ...before, pollMs: Math.max(timings.pollMs, event.durationMs * SCAN_SHARE) };
  const { signature } = event;
  if (phase.content !== undefined) {
    return signature === phase.expected
      ? conclude(timings, { ...state, known: signature }, phase.look, phase.content, nowMs)
      : confirm(timings, state, phase.look, signature, nowMs);
  }
  if (signature === phase.expected) return read(state, phase.look, signature);
  if (signature !== state.known) return confirm(timings, state, phase.look, signature, nowMs);
  // The state concluded on last: nothing to read, unless nobody is to rely on signatures this time.
  if (phase.look.everything) return read(state, phase.look, signature);
  const { settling } = state;
  if (settling !== undefined && nowMs >= settling.untilMs) {
    return handOver(timings, state, phase.look, settling.hash, nowMs);
  }
  return rest(timings, state, phase.look, false, nowMs);
}

function onRead(
  timings: SourceTimings,
  state: SourceState,
  event: (Content & { readonly kind: 'read' }) | { readonly kind: 'unreadable' },
  nowMs: number,
): SourceStep {
  const { phase } = state;
  if (phase.kind !== 'reading') return only(state);
  if (event.kind === 'unreadable') return confirm(timings, state, phase.look, undefined, nowMs);
  return scan(state, phase.look, phase.seen, { hash: event.hash, verdict: event.verdict });
}

/** Whatever failed is tried again when something changes, or with the next reading of everything; not in a loop. */
function onFailed(timings: SourceTimings, before: SourceState, nowMs: number): SourceStep {
  const { phase } = before;
  // With the state that was concluded on goes what was settling of it.
  const state = phase.kind === 'reading' ? { ...before, known: phase.seen, settling: undefined } : before;
  return {
    state: { ...state, everythingReadMs: nowMs, phase: { kind: 'idle' } },
    effects: [{ kind: 'start-timer', timer: 'poll', ms: Math.max(state.pollMs, timings.pollMs) }],
  };
}

/** The content is true. */
function conclude(
  timings: SourceTimings,
  before: SourceState,
  look: Look,
  content: Content,
  nowMs: number,
): SourceStep {
  const state = look.everything ? { ...before, everythingReadMs: nowMs } : before;
  const { hash, verdict } = content;
  if (hash === state.handed) return rest(timings, { ...state, settling: undefined }, look, false, nowMs);
  if (verdict === 'clean' || state.handed === undefined) return handOver(timings, state, look, hash, nowMs);
  const known = state.settling;
  if (known?.hash === hash && nowMs < known.untilMs) return rest(timings, state, look, false, nowMs);
  const sinceMs = known?.sinceMs ?? nowMs;
  const untilMs =
    known?.hash === hash
      ? known.untilMs
      : Math.min(nowMs + timings.settleMs, sinceMs + MAX_SETTLES * timings.settleMs);
  if (nowMs >= untilMs) return handOver(timings, state, look, hash, nowMs);
  const step = rest(timings, { ...state, settling: { hash, sinceMs, untilMs } }, look, true, nowMs);
  return { state: step.state, effects: [{ kind: 'settling', hash }, ...step.effects] };
}

function handOver(
  timings: SourceTimings,
  state: SourceState,
  look: Look,
  hash: string,
  nowMs: number,
): SourceStep {
  // One that settled was counted as a change when it was first met.
  const changed = state.settling?.hash !== hash;
  const step = rest(timings, { ...state, handed: hash, settling: undefined }, look, changed, nowMs);
  return { state: step.state, effects: [{ kind: 'hand-over', hash }, ...step.effects] };
}

/** Ends a look: back to waiting, or to the next look when a hint came too late for this one. */
function rest(
  timings: SourceTimings,
  state: SourceState,
  look: Look,
  changed: boolean,
  nowMs: number,
): SourceStep {
  const effects: SourceEffect[] = [
    { kind: 'rescanned', trigger: look.trigger, changed },
    state.settling === undefined
      ? { kind: 'cancel-timer', timer: 'settle' }
      : { kind: 'start-timer', timer: 'settle', ms: Math.max(0, state.settling.untilMs - nowMs) },
  ];
  if (look.next !== undefined) {
    const next = debounce(timings, state, { kind: 'debouncing', sinceMs: nowMs, trigger: look.next }, nowMs);
    return { state: next.state, effects: [...effects, ...next.effects] };
  }
  return {
    state: { ...state, phase: { kind: 'idle' } },
    effects: [...effects, { kind: 'start-timer', timer: 'poll', ms: state.pollMs }],
  };
}

function debounce(
  timings: SourceTimings,
  state: SourceState,
  phase: Extract<Phase, { kind: 'debouncing' }>,
  nowMs: number,
): SourceStep {
  const ms = Math.max(0, Math.min(timings.debounceMs, phase.sinceMs + timings.maxWaitMs - nowMs));
  return {
    state: { ...state, phase },
    effects: [
      { kind: 'cancel-timer', timer: 'poll' },
      { kind: 'start-timer', timer: 'debounce', ms },
    ],
  };
}

function startLook(state: SourceState, look: Look, effects: readonly SourceEffect[] = []): SourceStep {
  const step = scan(state, look, undefined, undefined);
  return { state: step.state, effects: [...effects, ...step.effects] };
}

function scan(
  state: SourceState,
  look: Look,
  expected: string | undefined,
  content: Content | undefined,
): SourceStep {
  const next = look.next === 'event' ? undefined : look.next;
  return {
    state: { ...state, phase: { kind: 'scanning', look: { ...look, next }, expected, content } },
    effects: [{ kind: 'scan' }],
  };
}

function read(state: SourceState, look: Look, seen: string): SourceStep {
  return {
    state: { ...state, phase: { kind: 'reading', look, seen } },
    effects: [{ kind: 'read', everything: look.everything }],
  };
}

/** The state is new or moving: look again after a while. */
function confirm(
  timings: SourceTimings,
  state: SourceState,
  look: Look,
  seen: string | undefined,
  nowMs: number,
): SourceStep {
  const forMs = nowMs - look.startedMs;
  const report = !look.reportedUnstable && forMs >= timings.unstableMs;
  const effects: SourceEffect[] = [{ kind: 'start-timer', timer: 'confirm', ms: timings.confirmMs }];
  if (report) effects.push({ kind: 'unstable', forMs });
  const next = report ? { ...look, reportedUnstable: true } : look;
  return { state: { ...state, phase: { kind: 'confirming', look: next, seen } }, effects };
}

function newLook(trigger: Trigger, everything: boolean, nowMs: number): Look {
  return { trigger, everything, startedMs: nowMs, reportedUnstable: false, next: undefined };
}

/** A look during which a hint came. */
function hintedLook(
  phase: Exclude<Phase, { kind: 'idle' | 'debouncing' }>,
  trigger: Exclude<Trigger, 'poll'>,
): Look {
  const { look } = phase;
  // A change that polling met first, with its event still on the way, was not a lost event.
  const attributed = look.trigger === 'poll' ? trigger : look.trigger;
  if (trigger !== 'event') return { ...look, trigger: attributed, next: trigger };
  // Only a scan that has already begun can miss it.
  return {
    ...look,
    trigger: attributed,
    next: phase.kind === 'scanning' ? (look.next ?? 'event') : look.next,
  };
}

function only(state: SourceState): SourceStep {
  return { state, effects: [] };
}
