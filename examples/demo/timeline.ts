/** Prints each step with the moment it began and how long it took, and remembers whether all checks held. */
export class Timeline {
  readonly #startedAtMs = performance.now();
  readonly #problems: string[] = [];
  /** Ends the running step and refuses all that follow. */
  readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /** Runs `action` as one line of the timeline. */
  async step<T>(what: string, action: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now();
    try {
      this.signal.throwIfAborted();
      const result = await Promise.race([action(), this.#aborted()]);
      this.#line(startedAtMs, what, performance.now() - startedAtMs);
      return result;
    } catch (error) {
      this.#line(startedAtMs, `${what}: failed`, performance.now() - startedAtMs);
      throw error;
    }
  }

  /** A step that was timed elsewhere. */
  measured(what: string, durationMs: number): void {
    this.#line(performance.now() - durationMs, what, durationMs);
  }

  /** Detail below the last step. */
  detail(text: string): void {
    for (const line of text.split("\n")) {
      console.log(`                       ${line}`);
    }
  }

  /** A check that has to hold: says so, or makes the whole demo fail. */
  check(what: string, holds: boolean, found = ""): void {
    this.detail(`${holds ? "ok " : "NOT"} ${what}${holds || found === "" ? "" : `: ${found}`}`);
    if (!holds) {
      this.#problems.push(what);
    }
  }

  /** The demo could not go on. */
  fail(problem: string): void {
    this.detail(`NOT ${problem}`);
    this.#problems.push(problem);
  }

  /** The last line. */
  finish(): void {
    const held = this.#problems.length === 0 ? "all held" : `${this.#problems.length} did not hold`;
    console.log(`demo: ${held}, ${formatMs(performance.now() - this.#startedAtMs)} in all`);
  }

  /** What did not hold. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  async #aborted(): Promise<never> {
    const { promise, reject } = Promise.withResolvers<never>();
    this.signal.addEventListener("abort", () => reject(this.signal.reason), { once: true });
    return promise;
  }

  #line(startedAtMs: number, what: string, durationMs: number): void {
    const at = ((startedAtMs - this.#startedAtMs) / 1000).toFixed(2).padStart(7);
    console.log(`${at} s ${formatMs(durationMs).padStart(10)}  ${what}`);
  }
}

function formatMs(durationMs: number): string {
  return durationMs < 1000 ? `${durationMs.toFixed(1)} ms` : `${(durationMs / 1000).toFixed(2)} s`;
}
