import type { StreamMessageEvent } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";

type Data = StreamMessageEvent["data"];

/** The part of libp2p's streams and connections through which all that arrives goes. */
export interface Receiving {
  onData(data: Data): void;
  abort(error: Error): void;
}

export function isReceiving(value: object): value is Receiving {
  return "onData" in value && typeof value.onData === "function" && "abort" in value;
}

/**
 * Aborts `receiver` when more than `maxBytes` arrive before `isLifted`. libp2p itself lets 4 MiB wait while it agrees on a
 * protocol, on each connection and each stream.
 */
export function limitArrival(receiver: Receiving, maxBytes: number, isLifted: () => boolean): void {
  const deliver = receiver.onData.bind(receiver);
  let arrivedBytes = 0;
  receiver.onData = (data) => {
    if (isLifted()) {
      receiver.onData = deliver;
      return deliver(data);
    }
    arrivedBytes += data.byteLength;
    if (arrivedBytes <= maxBytes) return deliver(data);
    receiver.abort(new NiphasError("BadBytes", "the peer sent too much before it was to send anything"));
  };
}
