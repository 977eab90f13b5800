/** What workers of one group share: the number of the next item. Lives in a SharedArrayBuffer. */
export function createWorkQueue(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
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
