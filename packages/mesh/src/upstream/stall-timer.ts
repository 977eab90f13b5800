/**
 * Aborts a signal when an answer that is waited for does not come. It runs only while armed, so that time in which the
 * reader is busy with what it has got does not count.
 */
export class StallTimer implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #isArmed = false;

  constructor(init: { readonly timeoutMs: number }) {
    this.#timer = setTimeout(() => {
      if (this.#isArmed) this.#controller.abort();
    }, init.timeoutMs);
    this.#timer.unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The time has run out. */
  get hasStalled(): boolean {
    return this.#controller.signal.aborted;
  }

  /** What `wait` comes to; the signal aborts when that takes too long. */
  async watch<T>(wait: () => Promise<T>): Promise<T> {
    this.#timer.refresh();
    this.#isArmed = true;
    try {
      return await wait();
    } finally {
      this.#isArmed = false;
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
