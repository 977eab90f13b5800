import type { Clock, Timer } from "@niphas/service";

export interface RepeatingTaskInit {
  /** From the end of one run to the start of the next. */
  readonly intervalMs: number;
  /** Must not throw for expected failures: log them inside. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Runs one thing again and again, never twice at once, until stopped. Owns its timer. */
export class RepeatingTask {
  readonly #clock: Clock;
  readonly #init: RepeatingTaskInit;
  readonly #controller = new AbortController();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isWanted: boolean = false;

  constructor(components: { readonly clock: Clock }, init: RepeatingTaskInit) {
    this.#clock = components.clock;
    this.#init = init;
  }

  /** The first run comes one interval from now. */
  start(): void {
    this.#schedule(this.#init.intervalMs);
  }

  /** Runs as soon as possible: now, or once more after the run that is under way. */
  trigger(): void {
    if (this.#controller.signal.aborted) return;
    if (this.#running === undefined) this.#schedule(0);
    else this.#isWanted = true;
  }

  /** Aborts the run that is under way and waits for its end. */
  async stop(): Promise<void> {
    this.#controller.abort();
    this.#timer?.cancel();
    await this.#running;
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#controller.signal.aborted) return;
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#running = this.#runOnce();
    });
  }

  async #runOnce(): Promise<void> {
    try {
      await this.#init.run(this.#controller.signal);
    } catch (error) {
      if (!this.#controller.signal.aborted) this.#init.onError(error);
    }
    this.#running = undefined;
    const delayMs = this.#isWanted ? 0 : this.#init.intervalMs;
    this.#isWanted = false;
    this.#schedule(delayMs);
  }
}
