import { NiphasError } from "@niphas/core";
import { NAR_LIMITS } from "../limits.ts";
import type { NarStream } from "./nar-stream.ts";

export interface NarBodyInit {
  readonly stream: NarStream;
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  /** Once, when nothing more is read: all bytes were there, or the stream is broken. */
  readonly onDone: () => void;
}

/**
 * Exactly the bytes of one answer. Who stops reading early, by `break` or the signal, leaves nothing behind.
 * Errors: SubstituterUnavailable, BadBytes; the signal's reason.
 */
export class NarBody implements AsyncIterableIterator<Uint8Array> {
  readonly #init: NarBodyInit;
  readonly #onAbort: () => void;
  #leftBytes: number;
  #isDone = false;

  constructor(init: NarBodyInit) {
    this.#init = init;
    this.#leftBytes = init.sizeBytes;
    this.#onAbort = () => this.#break(init.signal.reason);
    init.signal.addEventListener("abort", this.#onAbort, { once: true });
    // Also for a body that nobody ever reads: the peer gives up some day.
    init.stream.onClose(() => this.#finish());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#leftBytes === 0) return { done: true, value: undefined };
    try {
      return { done: false, value: await this.#read() };
    } catch (error) {
      this.#break(error);
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#leftBytes > 0) this.#break(new NiphasError("Cancelled", "nobody wants the rest of the NAR"));
    this.#leftBytes = 0;
    return { done: true, value: undefined };
  }

  async #read(): Promise<Uint8Array> {
    const { stream, signal } = this.#init;
    const maxBytes = Math.min(this.#leftBytes, NAR_LIMITS.chunkBytes);
    const bytes = await stream.reader.read(maxBytes, { stallMs: NAR_LIMITS.stallMs, signal });
    if (bytes === undefined) throw new NiphasError("SubstituterUnavailable", "the peer ended before the last byte");
    this.#leftBytes -= bytes.byteLength;
    if (this.#leftBytes === 0) this.#end();
    return bytes;
  }

  #end(): void {
    if (this.#init.stream.reader.queuedBytes > 0) {
      throw new NiphasError("BadBytes", "a peer sent more than it was asked for");
    }
    this.#finish();
  }

  #break(error: unknown): void {
    if (this.#isDone) return;
    this.#init.stream.abort(error instanceof Error ? error : new NiphasError("Cancelled", "the NAR is not wanted"));
    this.#finish();
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#init.signal.removeEventListener("abort", this.#onAbort);
    this.#init.onDone();
  }
}
