/** Aborts a signal when nothing has happened for a while. The owner stops it. */
export class SilenceTimer {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(init: { readonly timeoutMs: number }) {
    this.#timer = setTimeout(() => this.#controller.abort(), init.timeoutMs);
    this.#timer.unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something has happened. */
  restart(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
