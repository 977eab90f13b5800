const INITIAL_DELAY_MS = 500;
const MAX_DELAY_MS = 122_000;

/**
 * The wait after each failure of one operation on one volume: 500 ms, doubled
 * up to 2 min 2 s. Source: kubernetes pkg/util/goroutinemap/exponentialbackoff.
 */
export class BackOff {
  #delayMs = 0;
  #operation = "";
  readonly #timeScale: number;

  /** @param timeScale 1 is the kubelet's own pace; 0.01 is a hundred times faster */
  constructor(timeScale: number) {
    this.#timeScale = timeScale;
  }

  /** The next wait; another operation than the last one starts from the beginning. */
  nextDelayMs(operation: string): number {
    const isSame = operation === this.#operation;
    this.#operation = operation;
    this.#delayMs = isSame ? Math.min(this.#delayMs * 2, MAX_DELAY_MS) : INITIAL_DELAY_MS;
    return this.#delayMs * this.#timeScale;
  }

  reset(): void {
    this.#operation = "";
  }
}
