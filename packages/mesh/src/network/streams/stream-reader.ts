import type { Stream, StreamCloseEvent, StreamMessageEvent } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";
import { STREAM_LIMITS } from "../limits.ts";
import { waitForWake } from "./wait-for-wake.ts";

export interface ReadOptions {
  /** How long nothing may arrive while we wait; undefined: as long as it takes. */
  readonly stallMs: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Reads a libp2p stream with back-pressure: what is not asked for stays with the sender, but for one window.
 *
 * Of the ways in which js-libp2p 3 lets one read, only this one neither buffers without bound nor loses bytes: `message`
 * events with `pause()` and `resume()`, never `pause()` inside `resume()`. A stream may close, and even say `end`, while
 * bytes still wait: behind a pause, or given back by the agreement on the protocol.
 */
export class StreamReader {
  readonly #stream: Stream;
  readonly #pieces: Uint8Array[] = [];
  #queuedBytes = 0;
  #error: Error | undefined;
  #isResuming = false;
  #wake: (() => void) | undefined;
  #isWakingSoon = false;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.addEventListener("end", () => this.#wake?.());
    stream.addEventListener("close", (event) => this.#onClose(event));
    stream.addEventListener("message", (event) => this.#onMessage(event));
    if (stream.status === "aborted" || stream.status === "reset") this.#fail(gone());
  }

  /** Bytes that have arrived and were not read. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * The next bytes in one piece, at least one and at most `maxBytes`, which it is best to take all at once: each piece
   * costs its reader much more than its bytes do. Undefined when the sender has ended the stream.
   * @throws NiphasError SubstituterUnavailable when the stream breaks or stalls; the signal's reason
   */
  async read(maxBytes: number, options: ReadOptions): Promise<Uint8Array | undefined> {
    options.signal.throwIfAborted();
    while (this.#queuedBytes === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#isEnded) return undefined;
      await this.#waitForMore(options);
    }
    const bytes = this.#take(maxBytes);
    this.#resumeWhenLow();
    return bytes;
  }

  /**
   * Exactly `sizeBytes` bytes; undefined when the stream ends before the first.
   * @throws NiphasError SubstituterUnavailable, also when it ends in between
   */
  async readExactly(sizeBytes: number, options: ReadOptions): Promise<Uint8Array | undefined> {
    const bytes = Buffer.allocUnsafe(sizeBytes);
    let filled = 0;
    while (filled < sizeBytes) {
      const part = await this.read(sizeBytes - filled, options);
      if (part === undefined && filled === 0) return undefined;
      if (part === undefined)
        throw new NiphasError("SubstituterUnavailable", "the peer ended in the middle of a message");
      bytes.set(part, filled);
      filled += part.byteLength;
    }
    return bytes;
  }

  /** An aborted stream ends too; its `close` says why. */
  get #isEnded(): boolean {
    const isWhole = this.#stream.status !== "aborted" && this.#stream.status !== "reset";
    return isWhole && this.#stream.readableEnded && this.#stream.readBufferLength === 0;
  }

  /** A copy, whose buffer is its own: pieces are parts of larger ones, which they would keep in memory. */
  #take(maxBytes: number): Uint8Array {
    const taken: Uint8Array[] = [];
    let leftBytes = Math.min(maxBytes, this.#queuedBytes);
    this.#queuedBytes -= leftBytes;
    while (leftBytes > 0) {
      const first = this.#pieces[0] ?? new Uint8Array();
      if (first.byteLength <= leftBytes) this.#pieces.shift();
      else this.#pieces[0] = first.subarray(leftBytes);
      taken.push(first.subarray(0, leftBytes));
      leftBytes -= Math.min(leftBytes, first.byteLength);
    }
    return Buffer.concat(taken);
  }

  async #waitForMore(options: ReadOptions): Promise<void> {
    try {
      await waitForWake(options, (wake) => {
        this.#wake = wake;
      });
    } finally {
      this.#wake = undefined;
    }
  }

  #onMessage(event: StreamMessageEvent): void {
    for (const piece of event.data instanceof Uint8Array ? [event.data] : event.data) {
      this.#pieces.push(piece);
      this.#queuedBytes += piece.byteLength;
    }
    if (!this.#isResuming) this.#pauseWhenHigh();
    this.#wakeSoon();
  }

  /** When all that has come with this turn of the event loop is here. */
  #wakeSoon(): void {
    if (this.#isWakingSoon || this.#wake === undefined) return;
    this.#isWakingSoon = true;
    setImmediate(() => {
      this.#isWakingSoon = false;
      this.#wake?.();
    });
  }

  #pauseWhenHigh(): void {
    const cost = this.#queuedBytes + this.#pieces.length * STREAM_LIMITS.pieceOverheadBytes;
    if (cost >= STREAM_LIMITS.highWaterBytes && this.#stream.readStatus === "readable") this.#stream.pause();
  }

  #resumeWhenLow(): void {
    if (this.#queuedBytes * 2 > STREAM_LIMITS.highWaterBytes || this.#stream.readStatus !== "paused") return;
    this.#isResuming = true;
    try {
      this.#stream.resume();
    } catch (error) {
      // The bytes have been handed over; only the word to the sender that there is room again did not get out.
      if (this.#stream.status === "open") this.#fail(gone(error));
    } finally {
      this.#isResuming = false;
    }
    this.#pauseWhenHigh();
  }

  #onClose(event: StreamCloseEvent): void {
    if (event.error !== undefined) this.#fail(event.local === true ? event.error : gone(event.error));
    this.#wake?.();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#wake?.();
  }
}

function gone(cause?: unknown): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the peer has gone", { cause });
}
