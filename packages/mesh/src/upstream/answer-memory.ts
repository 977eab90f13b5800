interface Remembered<V> {
  readonly value: V;
  readonly untilMs: number;
  readonly sizeBytes: number;
}

export interface AnswerMemoryInit<V> {
  readonly capacity: number;
  /** Of all values, as `sizeOf` tells. @default no bound but the capacity */
  readonly maxBytes?: number;
  /** About what a value takes in memory. @default 0 */
  readonly sizeOf?: (value: V) => number;
  readonly nowMs: () => number;
}

/** What nobody asks for again goes so long after its time, when anything is asked or remembered. */
const SWEEP_MS = 30_000;

/** The newest `capacity` values of at most `maxBytes`, each for a time. */
export class AnswerMemory<K, V> {
  readonly #init: AnswerMemoryInit<V>;
  readonly #values = new Map<K, Remembered<V>>();
  #sizeBytes = 0;
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor(init: AnswerMemoryInit<V>) {
    this.#init = init;
  }

  get size(): number {
    return this.#values.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get(key: K): V | undefined {
    const nowMs = this.#init.nowMs();
    this.#sweep(nowMs);
    const found = this.#values.get(key);
    if (found === undefined) return undefined;
    if (found.untilMs > nowMs) return found.value;
    this.delete(key);
    return undefined;
  }

  set(key: K, value: V, ttlMs: number): void {
    const nowMs = this.#init.nowMs();
    this.#sweep(nowMs);
    this.delete(key);
    const sizeBytes = this.#init.sizeOf?.(value) ?? 0;
    this.#values.set(key, { value, untilMs: nowMs + ttlMs, sizeBytes });
    this.#sizeBytes += sizeBytes;
    this.#makeRoom();
  }

  delete(key: K): void {
    this.#sizeBytes -= this.#values.get(key)?.sizeBytes ?? 0;
    this.#values.delete(key);
  }

  #makeRoom(): void {
    const { capacity, maxBytes = Number.POSITIVE_INFINITY } = this.#init;
    for (const key of this.#values.keys()) {
      if (this.#values.size <= capacity && this.#sizeBytes <= maxBytes) return;
      this.delete(key);
    }
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    for (const [key, { untilMs }] of this.#values) if (untilMs <= nowMs) this.delete(key);
  }
}
