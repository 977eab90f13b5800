import type { Stream } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";
import { STREAM_LIMITS } from "../limits.ts";
import { waitForWake } from "./wait-for-wake.ts";

export interface WriterInit {
  /** How long the reader may take nothing. @default 30_000 */
  readonly stallMs?: number;
}

/**
 * Writes a libp2p stream with back-pressure. `onDrain()` waits only the first time that it is called, and a `drain` event
 * may be meant for another stream of the connection: what counts is how much is unsent.
 */
export class StreamWriter {
  readonly #stream: Stream;
  readonly #stallMs: number;
  #turn: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;

  constructor(stream: Stream, init: WriterInit = {}) {
    this.#stream = stream;
    this.#stallMs = init.stallMs ?? STREAM_LIMITS.writeStallMs;
    for (const type of ["drain", "idle", "close"] as const) stream.addEventListener(type, () => this.#wake?.());
  }

  /**
   * Sends `bytes` and waits until little of it is unsent. Calls are served in order.
   * @throws NiphasError SubstituterUnavailable when the reader is gone or takes nothing; the signal's reason
   */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const turn = this.#turn.then(() => this.#send(bytes, signal));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #send(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#stream.writeStatus !== "writable") throw gone();
    this.#stream.send(bytes);
    let unsentBytes = this.#stream.writeBufferLength;
    let stallsAtMs = performance.now() + this.#stallMs;
    while (unsentBytes > STREAM_LIMITS.maxUnsentBytes) {
      await this.#waitForEvent(Math.max(0, stallsAtMs - performance.now()), signal);
      if (this.#stream.writeBufferLength < unsentBytes) stallsAtMs = performance.now() + this.#stallMs;
      unsentBytes = this.#stream.writeBufferLength;
    }
  }

  async #waitForEvent(stallMs: number, signal: AbortSignal): Promise<void> {
    try {
      await waitForWake({ stallMs, signal }, (wake) => {
        this.#wake = wake;
      });
    } finally {
      this.#wake = undefined;
    }
    if (this.#stream.status !== "open") throw gone();
  }
}

function gone(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the peer has gone");
}
