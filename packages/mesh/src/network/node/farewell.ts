import type { Connection, MessageStream } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";
import { CONNECTION_LIMITS } from "../limits.ts";
import type { YamuxMuxer } from "../muxer/guarded-yamux.ts";

/** https://github.com/hashicorp/yamux/blob/master/spec.md, "Go Away": normal termination. */
const NORMAL_TERMINATION = 0;

/**
 * How one side of a connection that it has no use for tells the other that this is no loss: yamux says "go away, all is
 * well". A connection that is aborted, or whose process dies, ends without.
 */
export class Farewell {
  /** A connection and the plain one at its bottom have this object in common, and nothing else that can be seen. */
  readonly #muxers = new WeakMap<Connection["timeline"], YamuxMuxer>();

  watch(plain: MessageStream, muxer: YamuxMuxer): void {
    this.#muxers.set(plain.timeline, muxer);
    const onTransportClosed = muxer.onTransportClosed.bind(muxer);
    muxer.onTransportClosed = () => {
      onTransportClosed();
      if (hasHeard(muxer) && plain.status === "open") plain.abort(unused());
    };
  }

  /** Says it, and waits for the other side to close the connection: libp2p would close it before it is said. */
  say(connection: Connection): void {
    const said = this.#muxers.get(connection.timeline)?.close();
    said?.catch((error: Error) => connection.abort(error));
    setTimeout(() => connection.abort(unused()), CONNECTION_LIMITS.connectionCloseTimeoutMs).unref();
  }

  /** Whether the other side has said it. */
  wasHeard({ timeline }: Connection): boolean {
    const muxer = this.#muxers.get(timeline);
    return muxer !== undefined && hasHeard(muxer);
  }
}

function hasHeard(muxer: YamuxMuxer): boolean {
  return muxer["remoteGoAway"] === NORMAL_TERMINATION;
}

function unused(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the connection is not used any more");
}
