/** How long something has taken so far. */
export class Stopwatch {
  readonly #startedMs = performance.now();

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }
}
