import type { Clock, Timer } from "../lifecycle/clock.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { releaseFreeMemory } from "./free-memory.ts";

const LOOK_MS = 10_000;
/** Of a processor. */
const WORKING_SHARE = 0.1;
/** Threads of V8 free what a collection has found. */
const RELEASE_AFTER_MS = 1_000;

export interface MemoryReturnComponents {
  readonly clock: Clock;
  /** The processor time of the process so far. @default that of all its threads */
  readonly processorMs?: () => number;
  /** @default V8 */
  readonly collect?: () => void;
  /** @default the C library */
  readonly release?: () => void;
}

/**
 * After work, once the process rests, gives back what the work has left. Neither V8 nor the C library does by itself:
 * a daemon that has met a hundred peers would hold 50 MiB that nobody uses until it ends. Costs one look at the clock
 * every 10 s, and a collection of about 100 ms after each time of work.
 */
export class MemoryReturn implements Disposable {
  readonly #clock: Clock;
  readonly #processorMs: () => number;
  readonly #collect: () => void;
  readonly #release: () => void;
  #usedMs = 0;
  /** Starting is work. */
  #hasWorked = true;
  #timer: Timer | undefined;

  constructor(components: MemoryReturnComponents) {
    this.#clock = components.clock;
    this.#processorMs = components.processorMs ?? processorMs;
    this.#collect = components.collect ?? (() => collectGarbage("all"));
    this.#release = components.release ?? releaseFreeMemory;
    this.#lookLater();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #lookLater(): void {
    this.#usedMs = this.#processorMs();
    this.#timer = this.#clock.setTimer(LOOK_MS, () => this.#look());
  }

  #look(): void {
    const isWorking = this.#processorMs() - this.#usedMs >= WORKING_SHARE * LOOK_MS;
    const isOver = this.#hasWorked && !isWorking;
    this.#hasWorked = isWorking;
    if (isOver) this.#giveBack();
    else this.#lookLater();
  }

  /** What this costs itself is no work. */
  #giveBack(): void {
    this.#collect();
    this.#timer = this.#clock.setTimer(RELEASE_AFTER_MS, () => {
      this.#release();
      this.#lookLater();
    });
  }
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
