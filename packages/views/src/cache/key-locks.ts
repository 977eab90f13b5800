import type { ViewKey } from "@niphas/core";

/** One task at a time for each view: what builds or mounts it never runs beside what removes it. */
export class KeyLocks {
  readonly #tails = new Map<ViewKey, Promise<void>>();

  isHeld(key: ViewKey): boolean {
    return this.#tails.has(key);
  }

  async run<T>(key: ViewKey, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const { promise: tail, resolve: release } = Promise.withResolvers<void>();
    this.#tails.set(key, tail);
    await before;
    try {
      return await task();
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
      release();
    }
  }
}
