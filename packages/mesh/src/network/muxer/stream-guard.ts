import type { StreamMessageEvent } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";
import { limitArrival, type Receiving } from "../admission/byte-allowance.ts";
import { MUXER_LIMITS } from "../limits.ts";

/** What is used of a yamux stream. */
export interface GuardedStream extends Receiving {
  /** Empty until agreed. */
  readonly protocol: string;
  /** Bytes that wait because nobody reads. */
  readonly readBufferLength: number;
}

/** Bounds what a stream holds beside its window: bytes before its protocol is agreed, pieces while nobody reads. */
export function guardStream(stream: GuardedStream): void {
  limitWaitingPieces(stream);
  limitArrival(stream, MUXER_LIMITS.negotiationBytes, () => stream.protocol !== "");
}

function limitWaitingPieces(stream: GuardedStream): void {
  const deliver = stream.onData.bind(stream);
  let waitingPieces = 0;
  stream.onData = (data: StreamMessageEvent["data"]) => {
    waitingPieces = stream.readBufferLength > 0 ? waitingPieces + 1 : 0;
    if (waitingPieces <= MUXER_LIMITS.maxWaitingPieces) return deliver(data);
    stream.abort(new NiphasError("BadBytes", "the peer sends crumbs"));
  };
}
