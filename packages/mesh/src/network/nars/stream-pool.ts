import { NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { NAR_LIMITS } from "../limits.ts";
import type { MeshNode } from "../node/mesh-node.ts";
import { NAR_PROTOCOL } from "./nar-server.ts";
import { NarStream } from "./nar-stream.ts";

export interface PooledStream {
  readonly stream: NarStream;
  /** It has served before; the peer may have ended it in the same moment. */
  readonly isUsed: boolean;
}

/** Streams that wait for their next request, some for each peer and not for long. */
export class StreamPool implements Disposable {
  readonly #node: MeshNode;
  readonly #idle = new Map<PeerId, Map<NarStream, NodeJS.Timeout>>();
  #isClosed = false;

  constructor(node: MeshNode) {
    this.#node = node;
  }

  /** @throws NiphasError SubstituterUnavailable; the signal's reason */
  async take(peer: PeerId, signal: AbortSignal): Promise<PooledStream> {
    for (const stream of [...(this.#idle.get(peer)?.keys() ?? [])].reverse()) {
      this.#forget(peer, stream);
      if (stream.isReady) return { stream, isUsed: true };
      stream.abort(new NiphasError("BadBytes", "a peer sent bytes that nobody had asked for"));
    }
    return { stream: await this.open(peer, signal), isUsed: false };
  }

  /** A new stream. @throws NiphasError SubstituterUnavailable; the signal's reason */
  async open(peer: PeerId, signal: AbortSignal): Promise<NarStream> {
    return new NarStream(await this.#node.openStream(peer, NAR_PROTOCOL, signal));
  }

  giveBack(peer: PeerId, stream: NarStream): void {
    const idle = this.#idle.get(peer) ?? new Map<NarStream, NodeJS.Timeout>();
    if (this.#isClosed || !stream.isReady || idle.size >= NAR_LIMITS.maxIdleStreamsPerPeer) stream.close();
    else this.#keep(peer, stream, idle);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const [peer, idle] of this.#idle) {
      for (const stream of idle.keys()) {
        this.#forget(peer, stream);
        stream.close();
      }
    }
  }

  #keep(peer: PeerId, stream: NarStream, idle: Map<NarStream, NodeJS.Timeout>): void {
    const timer = setTimeout(() => {
      this.#forget(peer, stream);
      stream.close();
    }, NAR_LIMITS.idleStreamMs).unref();
    this.#idle.set(peer, idle.set(stream, timer));
    stream.onClose(() => this.#forget(peer, stream));
  }

  #forget(peer: PeerId, stream: NarStream): void {
    const idle = this.#idle.get(peer);
    clearTimeout(idle?.get(stream));
    idle?.delete(stream);
    if (idle?.size === 0) this.#idle.delete(peer);
  }
}
