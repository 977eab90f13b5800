interface Remembered<V> {
  readonly value: V;
  readonly untilMs: number;
}

/** The newest `capacity` values, each for a time. */
export class AnswerMemory<K, V> {
  readonly #capacity: number;
  readonly #nowMs: () => number;
  readonly #values = new Map<K, Remembered<V>>();

  constructor(init: { readonly capacity: number; readonly nowMs: () => number }) {
    this.#capacity = init.capacity;
    this.#nowMs = init.nowMs;
  }

  get(key: K): V | undefined {
    const found = this.#values.get(key);
    if (found === undefined) return undefined;
    if (found.untilMs > this.#nowMs()) return found.value;
    this.#values.delete(key);
    return undefined;
  }

  set(key: K, value: V, ttlMs: number): void {
    this.#values.delete(key);
    this.#values.set(key, { value, untilMs: this.#nowMs() + ttlMs });
    if (this.#values.size <= this.#capacity) return;
    const oldest = this.#values.keys().next();
    if (oldest.done !== true) this.#values.delete(oldest.value);
  }

  delete(key: K): void {
    this.#values.delete(key);
  }
}
