import type { Clock, OwnPathsChange, Timer } from "../ports.ts";

/** Collects changes for a short time, so that a burst of them becomes one. */
export class ChangeBatch implements Disposable {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #onBatch: (changes: readonly OwnPathsChange[]) => void;
  #changes: OwnPathsChange[] = [];
  #timer: Timer | undefined;

  constructor(
    components: { readonly clock: Clock },
    init: { readonly delayMs: number; readonly onBatch: (changes: readonly OwnPathsChange[]) => void },
  ) {
    this.#clock = components.clock;
    this.#delayMs = init.delayMs;
    this.#onBatch = init.onBatch;
  }

  add(change: OwnPathsChange): void {
    this.#changes.push(change);
    this.#timer ??= this.#clock.setTimer(this.#delayMs, () => this.#flush());
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #flush(): void {
    const changes = this.#changes;
    this.#changes = [];
    this.#timer = undefined;
    this.#onBatch(changes);
  }
}
