import type { Clock, Timer } from "@niphas/mesh";
import { EventQueue, type SimulatedEvent } from "./event-queue.ts";

/** Time that passes from event to event: as fast as the machine can, the same in each run. */
export class SimulatedTime implements Clock {
  #nowMs = 0;
  #order = 0;
  #eventCount = 0;
  /** Promises may have become ready since the last event. */
  #mustSettle = true;
  readonly #queue = new EventQueue();

  nowMs(): number {
    return this.#nowMs;
  }

  /** Events so far. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** For code with promises: they settle before time goes on. */
  setTimer(delayMs: number, callback: () => void): Timer {
    return this.after(delayMs, () => {
      this.#mustSettle = true;
      callback();
    });
  }

  /** For code without promises: much cheaper. */
  after(delayMs: number, run: () => void): Timer {
    const event: SimulatedEvent = { atMs: this.#nowMs + delayMs, order: this.#order++, run, state: "waiting" };
    this.#queue.push(event);
    return { cancel: () => this.#queue.cancel(event) };
  }

  /** Resolves when so much time has passed. */
  async sleep(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.setTimer(delayMs, resolve);
    await promise;
  }

  /**
   * Lets time pass until `isDone` or for `limitMs`, whichever is first.
   *
   * @returns whether it is done
   */
  async run(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#nowMs + limitMs;
    this.#mustSettle = true;
    for (;;) {
      if (this.#mustSettle) await this.#settle();
      if (isDone()) return true;
      const atMs = this.#queue.nextAtMs();
      if (atMs === undefined || atMs > endMs) break;
      this.#runAllOf(atMs);
    }
    this.#nowMs = endMs;
    return isDone();
  }

  /** Lets time pass. */
  async pass(byMs: number): Promise<void> {
    await this.run(() => false, byMs);
  }

  #runAllOf(atMs: number): void {
    this.#nowMs = atMs;
    while (this.#queue.nextAtMs() === atMs) {
      this.#eventCount++;
      this.#queue.pop()?.run();
    }
  }

  async #settle(): Promise<void> {
    this.#mustSettle = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(resolve);
    await promise;
  }
}
