import type { Clock, Timer } from "@niphas/service";

interface PendingTimer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test calls {@link advance}. */
export class FakeClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<PendingTimer>();

  nowMs(): number {
    return this.#nowMs;
  }

  date(): Date {
    return new Date(this.#nowMs);
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** How many timers are set: a test of clean-up looks here. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Moves time on, firing due timers in order, and lets promises settle. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    await settle();
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.callback();
      await settle();
    }
    this.#nowMs = endMs;
  }

  #nextDue(endMs: number): PendingTimer | undefined {
    return [...this.#timers].filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
  }
}

/** Lets everything that is ready to run, run. */
export async function settle(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  await promise;
}
