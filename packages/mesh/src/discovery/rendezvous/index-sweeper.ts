import type { Clock, Timer } from "../ports.ts";
import type { HolderIndex } from "./holder-index.ts";

/** About 2 ms of work. */
const SLOTS_A_STEP = 65_536;
const STEP_MS = 20;
const START_MS = 1000;

/** Sweeps a keeper's index in small steps when there is reason to. */
export class IndexSweeper implements Disposable {
  readonly #clock: Clock;
  readonly #index: HolderIndex;
  readonly #isKept: (shard: number) => boolean;
  #timer: Timer | undefined;

  /** @param init.isKept whether this node keeps the shard now */
  constructor(
    components: { readonly clock: Clock; readonly index: HolderIndex },
    init: { readonly isKept: (shard: number) => boolean },
  ) {
    this.#clock = components.clock;
    this.#index = components.index;
    this.#isKept = init.isKept;
  }

  /** Begins a sweep soon, unless one is under way. */
  wake(delayMs: number = START_MS): void {
    this.#timer ??= this.#clock.setTimer(delayMs, () => this.#step(0));
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #step(start: number): void {
    const end = start + SLOTS_A_STEP;
    this.#index.sweep(start, end, this.#isKept);
    if (end < this.#index.slotCount) {
      this.#timer = this.#clock.setTimer(STEP_MS, () => this.#step(end));
      return;
    }
    this.#timer = undefined;
    // Pairs that moved while the sweep passed.
    if (this.#index.garbageCount > 0) this.wake();
  }
}
