/** Lets a bounded number of tasks run at once; the others wait in order. */
export class Turns {
  #freeCount: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#freeCount = limit;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#freeCount > 0) this.#freeCount--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#freeCount++;
      else next();
    }
  }
}
