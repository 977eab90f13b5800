import { untilAborted } from "@niphas/core";

/** Those who wait for a change. */
export class Wakers {
  readonly #waiting = new Set<() => void>();

  wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Looks again after each change. @throws what `condition` throws; the signal's reason */
  async until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      try {
        await (signal === undefined ? promise : untilAborted(promise, signal));
      } finally {
        this.#waiting.delete(resolve);
      }
    }
  }
}
