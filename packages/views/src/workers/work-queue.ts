/**
 * What workers of one group share: the number of the next item and, for those
 * that send, how many messages are under way. Lives in a SharedArrayBuffer.
 */
const NEXT_ITEM = 0;
const UNDER_WAY = 1;
const FIELDS = 2;

export function createWorkQueue(): SharedArrayBuffer {
  return new SharedArrayBuffer(FIELDS * Int32Array.BYTES_PER_ELEMENT);
}

/** Gives each item to exactly one of the workers, in order, as each becomes free. */
export function* takeItems<T>(queue: SharedArrayBuffer, items: readonly T[]): Generator<T> {
  const fields = new Int32Array(queue);
  for (;;) {
    const item = items[Atomics.add(fields, NEXT_ITEM, 1)];
    if (item === undefined) return;
    yield item;
  }
}

/** Blocks the worker until fewer than `limit` messages are under way, and counts one more. */
export function awaitTurnToSend(queue: SharedArrayBuffer, limit: number): void {
  const fields = new Int32Array(queue);
  for (;;) {
    const underWay = Atomics.load(fields, UNDER_WAY);
    if (underWay >= limit) Atomics.wait(fields, UNDER_WAY, underWay);
    else if (Atomics.compareExchange(fields, UNDER_WAY, underWay, underWay + 1) === underWay) return;
  }
}

/** Called by the receiver when it has passed a message on. */
export function noteSent(queue: SharedArrayBuffer): void {
  const fields = new Int32Array(queue);
  Atomics.sub(fields, UNDER_WAY, 1);
  Atomics.notify(fields, UNDER_WAY);
}
