export interface PauseInit {
  /** The pause after the first failure; doubles with each one more. @default 1_000 */
  readonly firstMs?: number;
  /** @default 60_000 */
  readonly maxMs?: number;
  /** @default Date.now */
  readonly nowMs?: () => number;
  /** Between 0 and 1. @default Math.random */
  readonly random?: () => number;
}

const DEFAULT_FIRST_MS = 1_000;
const DEFAULT_MAX_MS = 60_000;
const MAX_DOUBLINGS = 16;

/**
 * Leaves one failing cache alone for a while. When a pause has ended, one question goes out; only its answer lets the
 * others go too.
 */
export class Pause {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #nowMs: () => number;
  readonly #random: () => number;
  #failures = 0;
  #startedMs = Number.NEGATIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;
  #isProbing = false;
  #reason = "";

  constructor(init: PauseInit = {}) {
    this.#firstMs = init.firstMs ?? DEFAULT_FIRST_MS;
    this.#maxMs = init.maxMs ?? DEFAULT_MAX_MS;
    this.#nowMs = init.nowMs ?? Date.now;
    this.#random = init.random ?? Math.random;
  }

  /** Undefined when the cache may be asked, and is from now on: report what came of it. Else why not. */
  enter(): string | undefined {
    const leftMs = this.#untilMs - this.#nowMs();
    if (leftMs > 0) return `paused for ${Math.ceil(leftMs / 1000)} s more, since it failed: ${this.#reason}`;
    if (this.#isProbing) return `paused until it has answered again, since it failed: ${this.#reason}`;
    this.#isProbing = this.#failures > 0;
    return undefined;
  }

  /** It has answered. */
  succeeded(): void {
    this.#failures = 0;
    this.#isProbing = false;
  }

  /** Nobody waits for the answer any more. */
  left(): void {
    this.#isProbing = false;
  }

  /**
   * It has failed a question that was asked at `askedMs`. Questions that went out before the pause began and fail
   * while it lasts do not make it longer.
   */
  failed(reason: string, askedMs: number, retryAfterMs: number | undefined): void {
    this.#isProbing = false;
    if (askedMs < this.#startedMs) return;
    this.#reason = reason;
    this.#startedMs = this.#nowMs();
    const longestMs = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#failures, MAX_DOUBLINGS));
    this.#failures += 1;
    // The upper half by chance, so that the nodes of a cluster do not come back at once.
    this.#untilMs = this.#startedMs + (retryAfterMs ?? longestMs * (0.5 + this.#random() / 2));
  }
}
