/** One queue per key, first come first served; other keys are never waited for. */
export class KeyedLock<K> {
  readonly #queues = new Map<K, Waiter[]>();

  /**
   * Runs `work` when every earlier holder of `key` is done.
   * @throws the signal's reason when it aborts while waiting; `work` itself is never interrupted
   */
  async run<T>(key: K, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    await this.#acquire(key, signal);
    try {
      return await work();
    } finally {
      this.#release(key);
    }
  }

  /** Whether anyone holds or waits for `key`. */
  isHeld(key: K): boolean {
    return this.#queues.has(key);
  }

  async #acquire(key: K, signal: AbortSignal): Promise<void> {
    const queue = this.#queues.get(key);
    if (queue === undefined) {
      this.#queues.set(key, []);
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { admit: resolve };
    const giveUp = (): void => {
      const position = queue.indexOf(waiter);
      if (position >= 0) queue.splice(position, 1);
      reject(signal.reason);
    };
    queue.push(waiter);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  #release(key: K): void {
    const next = this.#queues.get(key)?.shift();
    if (next === undefined) this.#queues.delete(key);
    else next.admit();
  }
}

interface Waiter {
  readonly admit: () => void;
}
