import type { Clock, Timer } from "../lifecycle/clock.ts";

interface PendingTimer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock for tests, which stands still until {@link advance} is called. */
export class ManualClock implements Clock {
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

  /** Moves time on, calling what is due in order, and lets promises settle. */
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
    let next: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }
}

/** Lets everything that is ready to run, run. */
export async function settle(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  await promise;
}
