import type { MessageStream } from "@libp2p/interface";
import { MUXER_LIMITS } from "../limits.ts";

/** What is used of a yamux stream. */
export interface SendingStream {
  onMuxerDrain(): void;
  onMuxerNeedsDrain(): void;
  handleWindowUpdate(update: never): void;
  safeDispatchEvent(type: "drain"): unknown;
  /** The largest frame; yamux makes it as large as the window. */
  maxMessageSize?: number;
}

/**
 * Lets the streams of a connection send in turn, short frames, and only when what they have sent before has left.
 *
 * js-libp2p 3 wakes all of them whenever the socket takes something, or a window grows: each time the first one fills up
 * the connection again. What is unsent grows by more than leaves, and the last streams never send.
 *
 * Short frames keep a stream from holding up the others of its connection.
 */
export class FairSending {
  readonly #layers: readonly MessageStream[];
  readonly #streams: () => readonly SendingStream[];
  /** Somebody would send more. */
  #isWaiting = false;
  #isLooking = false;
  #turn = 0;

  /** @param layers the connection that the streams send on first, then those below it */
  constructor(layers: readonly MessageStream[], streams: () => readonly SendingStream[]) {
    this.#layers = layers;
    this.#streams = streams;
    layers[0]?.addEventListener("drain", () => this.#look());
    for (const layer of new Set(layers)) {
      layer.addEventListener("idle", () => {
        if (this.#isWaiting) this.#look();
      });
    }
  }

  /** A new stream of the connection. */
  include(stream: SendingStream): void {
    const handleWindowUpdate = stream.handleWindowUpdate.bind(stream);
    limitFrames(stream);
    stream.handleWindowUpdate = (update) => {
      handleWindowUpdate(update);
      limitFrames(stream);
      if (this.#isFree) return;
      this.#isWaiting = true;
      stream.onMuxerNeedsDrain();
    };
    // The muxer's own wake-up, which knows no turns.
    stream.onMuxerDrain = () => undefined;
  }

  get #isFree(): boolean {
    return this.#layers[0]?.writableNeedsDrain !== true && this.#layers.every((layer) => layer.writeBufferLength === 0);
  }

  /** After the present event: in the middle of sending, a connection seems to have nothing unsent. */
  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    queueMicrotask(() => {
      this.#isLooking = false;
      this.#isWaiting = !this.#isFree;
      if (!this.#isWaiting) this.#wake();
    });
  }

  #wake(): void {
    const streams = [...this.#streams()];
    this.#turn = (this.#turn + 1) % Math.max(1, streams.length);
    for (const stream of [...streams.slice(this.#turn), ...streams.slice(0, this.#turn)])
      stream.safeDispatchEvent("drain");
  }
}

function limitFrames(stream: SendingStream): void {
  stream.maxMessageSize = Math.min(stream.maxMessageSize ?? MUXER_LIMITS.maxFrameBytes, MUXER_LIMITS.maxFrameBytes);
}
