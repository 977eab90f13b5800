import { type BackOffInit, backOffMs } from "../back-off/back-off.ts";

export interface WorkQueueInit {
  /** Brings what the key names in line. It reads the latest state itself: many additions may become one call. */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>;
  /** Hears of each failure; the key is tried again after a while. */
  readonly onFailure: (key: string, error: unknown) => void;
  /** Keys that are worked on at once. @default 4 */
  readonly concurrency?: number;
  readonly backOff?: BackOffInit;
}

const DEFAULT_CONCURRENCY = 4;

/**
 * Works through keys, each in one place at a time. A key that is added while it is worked on is worked on once more; one
 * that failed waits longer from time to time, and is not hurried by being added again.
 */
export class WorkQueue {
  readonly #init: WorkQueueInit;
  readonly #controller = new AbortController();
  readonly #waiting = new Set<string>();
  /** With the time when it was begun, in monotonic milliseconds. */
  readonly #running = new Map<string, number>();
  readonly #delayed = new Map<string, NodeJS.Timeout>();
  readonly #failureCounts = new Map<string, number>();
  readonly #runs = new Set<Promise<void>>();

  constructor(init: WorkQueueInit) {
    this.#init = init;
  }

  /** Keys that wait, for their turn or for another attempt, or are worked on. */
  get size(): number {
    return new Set([...this.#waiting, ...this.#running.keys(), ...this.#delayed.keys()]).size;
  }

  /** How long the longest work that is under way has taken; 0 when there is none. */
  get longestRunMs(): number {
    return Math.max(0, ...[...this.#running.values()].map((startedAtMs) => performance.now() - startedAtMs));
  }

  add(key: string): void {
    if (this.#controller.signal.aborted || this.#delayed.has(key)) return;
    this.#waiting.add(key);
    this.#fill();
  }

  /** Aborts what is under way and waits for its end. Nothing is begun any more. */
  async stop(): Promise<void> {
    this.#controller.abort();
    this.#waiting.clear();
    for (const timer of this.#delayed.values()) clearTimeout(timer);
    this.#delayed.clear();
    await Promise.all(this.#runs);
  }

  #fill(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= (this.#init.concurrency ?? DEFAULT_CONCURRENCY)) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      const run = this.#run(key).finally(() => this.#runs.delete(run));
      this.#runs.add(run);
    }
  }

  async #run(key: string): Promise<void> {
    this.#running.set(key, performance.now());
    try {
      await this.#init.work(key, this.#controller.signal);
      this.#failureCounts.delete(key);
    } catch (error) {
      if (!this.#controller.signal.aborted) this.#retryLater(key, error);
    }
    this.#running.delete(key);
    this.#fill();
  }

  #retryLater(key: string, error: unknown): void {
    const failureCount = (this.#failureCounts.get(key) ?? 0) + 1;
    this.#failureCounts.set(key, failureCount);
    this.#waiting.delete(key);
    const delayMs = backOffMs(failureCount, this.#init.backOff);
    const timer = setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key);
    }, delayMs);
    this.#delayed.set(key, timer);
    this.#init.onFailure(key, error);
  }
}
