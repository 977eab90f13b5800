import { NiphasError } from "@niphas/core";
import type { NarAnswer, PeerId, PeerNars } from "../../ports.ts";
import { Permits } from "../budgets/permits.ts";
import { NAR_LIMITS } from "../limits.ts";
import type { MeshNode } from "../node/mesh-node.ts";
import type { NarAnswerHead, NarRequest } from "../wire/nar-messages.ts";
import { NarBody } from "./nar-body.ts";
import type { NarStream } from "./nar-stream.ts";
import { StreamPool } from "./stream-pool.ts";

/** {@link PeerNars} over streams of the mesh. */
export class NarClient implements PeerNars, Disposable {
  readonly #pool: StreamPool;
  readonly #reads = new Permits(NAR_LIMITS.maxReads);
  readonly #readsOfPeer = new Map<PeerId, { readonly permits: Permits; users: number }>();

  constructor(node: MeshNode) {
    this.#pool = new StreamPool(node);
  }

  async read(peer: PeerId, request: NarRequest, signal: AbortSignal): Promise<NarAnswer> {
    using stack = new DisposableStack();
    stack.use(await this.#reads.take(signal));
    stack.use(await this.#takeOfPeer(peer, signal));
    const { stream, head } = await this.#ask(peer, request, signal);
    if (head.kind !== "bytes") {
      this.#pool.giveBack(peer, stream);
      return head;
    }
    const held = stack.move();
    const onDone = (): void => {
      // A broken one is closed already.
      this.#pool.giveBack(peer, stream);
      held.dispose();
    };
    const sizeBytes = head.end - request.range.start;
    return { kind: "bytes", end: head.end, body: new NarBody({ stream, sizeBytes, signal, onDone }) };
  }

  /** Ends the streams that wait; those in use end with their signals. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  async #ask(
    peer: PeerId,
    request: NarRequest,
    signal: AbortSignal,
  ): Promise<{ stream: NarStream; head: NarAnswerHead }> {
    const { stream, isUsed } = await this.#pool.take(peer, signal);
    const head = await askOn(stream, request, signal).catch((error: unknown) => {
      if (!isUsed) throw error;
      return undefined;
    });
    if (head !== undefined) return { stream, head };
    signal.throwIfAborted();
    if (!isUsed) throw new NiphasError("SubstituterUnavailable", "the peer ended without an answer");
    const fresh = await this.#pool.open(peer, signal);
    const answer = await askOn(fresh, request, signal);
    if (answer === undefined) throw new NiphasError("SubstituterUnavailable", "the peer ended without an answer");
    return { stream: fresh, head: answer };
  }

  async #takeOfPeer(peer: PeerId, signal: AbortSignal): Promise<Disposable> {
    const entry = this.#readsOfPeer.get(peer) ?? { permits: new Permits(NAR_LIMITS.maxStreamsPerPeer), users: 0 };
    this.#readsOfPeer.set(peer, entry);
    entry.users++;
    const leave = (): void => {
      entry.users--;
      if (entry.users === 0) this.#readsOfPeer.delete(peer);
    };
    try {
      const permit = await entry.permits.take(signal);
      const stack = new DisposableStack();
      stack.defer(leave);
      stack.use(permit);
      return stack;
    } catch (error) {
      leave();
      throw error;
    }
  }
}

/** Breaks the stream when there is no answer. */
async function askOn(stream: NarStream, request: NarRequest, signal: AbortSignal): Promise<NarAnswerHead | undefined> {
  try {
    return await stream.ask(request, signal);
  } catch (error) {
    stream.abort(error instanceof Error ? error : new NiphasError("Cancelled", "the NAR is not wanted"));
    throw error;
  }
}
