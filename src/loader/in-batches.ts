/**
 * Runs `task` over all items, at most `width` at a time, and returns the results in order. Keeps few file handles open
 * and leaves the threads of libuv free for others between files.
 */
export async function inBatches<T, R>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += width) {
    results.push(...(await Promise.all(items.slice(start, start + width).map(task))));
  }
  return results;
}
