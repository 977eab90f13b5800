/** Remembers the newest `capacity` values and forgets the oldest. */
export class BoundedSet<T> {
  readonly #capacity: number;
  readonly #values = new Set<T>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(value: T): boolean {
    return this.#values.has(value);
  }

  add(value: T): void {
    this.#values.add(value);
    if (this.#values.size <= this.#capacity) return;
    for (const oldest of this.#values) {
      this.#values.delete(oldest);
      return;
    }
  }
}
