import { NiphasError } from "@niphas/core";
import { DOWNLOAD_LIMITS } from "../limits.ts";
import type { Clock, Timer } from "../ports.ts";

export interface YieldingInit {
  /** Ends the work, too. */
  readonly signal: AbortSignal;
  /** Whether to let go of the work; asked once in each stall time. Throws only when the signal has aborted. */
  readonly isTime: () => Promise<boolean>;
}

/** Work that is let go of when somebody else does it. */
export class Yielding implements Disposable {
  readonly #clock: Clock;
  readonly #init: YieldingInit;
  readonly #controller = new AbortController();
  /** Aborted when the work is to end. */
  readonly signal: AbortSignal;
  #timer: Timer | undefined;

  constructor(components: { readonly clock: Clock }, init: YieldingInit) {
    this.#clock = components.clock;
    this.#init = init;
    this.signal = AbortSignal.any([init.signal, this.#controller.signal]);
    this.#setTimer();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #setTimer(): void {
    this.#timer = this.#clock.setTimer(DOWNLOAD_LIMITS.stallMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const isTime = await this.#init.isTime().catch(() => false);
    if (this.#timer === undefined) return;
    if (isTime) this.#controller.abort(new NiphasError("Cancelled", "another node gets the NAR from upstream"));
    else this.#setTimer();
  }
}
