/** What workers of one group share: the number of the next item. Lives in a SharedArrayBuffer. */
export function createWorkQueue(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** Starting a thread takes about 50 ms of processor time, in which one that runs walks a few paths with all their files. */
const ITEMS_PER_WORKER = 8;

/** How many of at most `maxCount` workers are worth their start. */
export function workerCountFor(itemCount: number, maxCount: number): number {
  return Math.max(1, Math.min(maxCount, Math.ceil(itemCount / ITEMS_PER_WORKER)));
}

/** Gives each item to exactly one of the workers, in order, as each becomes free. */
export function* takeItems<T>(queue: SharedArrayBuffer, items: readonly T[]): Generator<T> {
  const next = new Int32Array(queue);
  for (;;) {
    const item = items[Atomics.add(next, 0, 1)];
    if (item === undefined) return;
    yield item;
  }
}
