import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names one process among all that ever ran on a machine: pids are used again, start times are not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and start (proc(5), field 22 of stat); undefined where there is no /proc. */
  readonly startTicks: string | undefined;
  /** Changes with each boot; undefined where there is no /proc. */
  readonly bootId: string | undefined;
  readonly host: string;
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    bootId: readText('/proc/sys/kernel/random/boot_id'),
    host: hostname(),
  };
}

/**
 * True when the process runs on this machine now. One that ran on another host or before the last boot counts as ended: a
 * replaced container leaves such a lock behind, and nobody else would ever remove it.
 */
export function isRunning(identity: ProcessIdentity): boolean {
  const own = ownIdentity();
  if (identity.host !== own.host || identity.bootId !== own.bootId) return false;
  try {
    process.kill(identity.pid, 0);
  } catch (thrown) {
    // EPERM: it exists and belongs to another user.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM')) return false;
  }
  const ticks = startTicksOf(identity.pid);
  // Where one of them cannot be told (no /proc, or hidden), a pid in use is all there is to go by.
  return ticks === undefined || identity.startTicks === undefined || ticks === identity.startTicks;
}

function startTicksOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field, the command, is in parentheses and may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' || state === 'X' ? 'ended' : fields[19];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // Not Linux, or the process has ended: callers take undefined as an answer.
    return undefined;
  }
}
