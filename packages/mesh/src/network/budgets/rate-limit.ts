export interface RateLimitInit {
  readonly perSecond: number;
  /** As many may come at once. */
  readonly burst: number;
}

/** How often something may happen. */
export class RateLimit {
  readonly #init: RateLimitInit;
  readonly #nowMs: () => number;
  #left: number;
  #countedAtMs: number;

  constructor(init: RateLimitInit, nowMs: () => number = () => performance.now()) {
    this.#init = init;
    this.#nowMs = nowMs;
    this.#left = init.burst;
    this.#countedAtMs = nowMs();
  }

  /** False when it is too often. */
  tryTake(): boolean {
    const nowMs = this.#nowMs();
    const gained = ((nowMs - this.#countedAtMs) / 1000) * this.#init.perSecond;
    this.#countedAtMs = nowMs;
    this.#left = Math.min(this.#init.burst, this.#left + gained);
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
