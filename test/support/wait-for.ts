import { setTimeout as pause } from 'node:timers/promises';

/**
 * Polls until `probe` returns something other than undefined or false, and returns it.
 * @throws an Error that names `what`, with the last thing that `probe` threw as its cause, after `timeoutMs`.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 10_000,
  intervalMs = 20,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() > deadline)
      throw new Error(`timed out after ${timeoutMs} ms: ${what}`, { cause: last });
    await pause(intervalMs);
  }
}
