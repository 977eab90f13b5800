export interface SlotBodyInit {
  readonly slot: Disposable;
  /** Of the peer: it has gone. */
  readonly signal: AbortSignal;
  /** After the last byte, with how many there were. */
  readonly onEnd: (sentBytes: number) => void;
}

/** A body that holds an upload slot until it has ended, is left, or its reader has gone, even if it was never read. */
export class SlotBody implements AsyncIterableIterator<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #init: SlotBodyInit;
  readonly #onAbort = (): void => this.#release();
  #sentBytes = 0;

  constructor(source: AsyncIterable<Uint8Array>, init: SlotBodyInit) {
    this.#source = source[Symbol.asyncIterator]();
    this.#init = init;
    init.signal.addEventListener("abort", this.#onAbort, { once: true });
    if (init.signal.aborted) this.#release();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      const next = await this.#source.next();
      if (next.done === true) this.#end();
      else this.#sentBytes += next.value.length;
      return next.done === true ? { done: true, value: undefined } : next;
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#release();
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  #end(): void {
    this.#release();
    this.#init.onEnd(this.#sentBytes);
  }

  #release(): void {
    this.#init.signal.removeEventListener("abort", this.#onAbort);
    this.#init.slot[Symbol.dispose]();
  }
}
