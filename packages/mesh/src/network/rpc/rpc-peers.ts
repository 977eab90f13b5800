import { NiphasError, untilAborted } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { ByteBudget } from "../budgets/byte-budget.ts";
import { Permits } from "../budgets/permits.ts";
import { RPC_LIMITS } from "../limits.ts";
import type { MeshNode } from "../node/mesh-node.ts";
import type { RequestKind } from "./request-kind.ts";
import { RPC_PROTOCOL } from "./rpc-channel.ts";
import { RpcClient } from "./rpc-client.ts";

/** Asks peers, each on one long-lived stream, which is opened when there is something to ask and again when it is lost. */
export class RpcPeers implements Disposable {
  readonly #node: MeshNode;
  readonly #clients = new Map<PeerId, Promise<RpcClient>>();
  readonly #partialAnswers = new ByteBudget(RPC_LIMITS.maxPartialAnswerBytes);
  readonly #requests = new Permits(RPC_LIMITS.maxRequestsAsked);
  readonly #heartbeat: NodeJS.Timeout;
  readonly #end = new AbortController();
  readonly #watch: Disposable;

  constructor(node: MeshNode) {
    this.#node = node;
    // A stream to a peer that was lost, and a failure to open one, say nothing of a new connection.
    this.#watch = node.onChange((peer) => this.#clients.delete(peer));
    this.#heartbeat = setInterval(() => this.#beat(), RPC_LIMITS.heartbeatMs).unref();
  }

  /** @throws NiphasError SubstituterUnavailable when the peer is gone, silent or busy, BadBytes; the signal's reason */
  async ask<Question, Answer>(
    peer: PeerId,
    kind: RequestKind<Question, Answer>,
    question: Question,
    signal: AbortSignal,
  ): Promise<Answer> {
    using _permit = await this.#requests.take(signal);
    this.#node.noteUse(peer);
    const client = await this.#client(peer, signal);
    const payload = kind.encodeQuestion(question);
    const { id, maxAnswerBytes, deadlineMs } = kind;
    const answer = await client.ask({ kind: id, payload, maxAnswerBytes, deadlineMs }, signal);
    try {
      return kind.parseAnswer(answer, question);
    } catch (error) {
      client.close(new NiphasError("BadBytes", "a peer sent an answer that makes no sense", { cause: error }));
      throw error;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
    this.#watch[Symbol.dispose]();
    const reason = new NiphasError("ShuttingDown", "the mesh is shutting down");
    this.#end.abort(reason);
    for (const opening of this.#clients.values())
      opening.then(
        (client) => client.close(reason),
        () => undefined,
      );
    this.#clients.clear();
  }

  async #client(peer: PeerId, signal: AbortSignal): Promise<RpcClient> {
    const known = this.#clients.get(peer);
    if (known !== undefined) return await untilAborted(known, signal);
    const opening = this.#open(peer);
    this.#clients.set(peer, opening);
    opening.then(
      (client) => whenAborted(client.ended, () => this.#forget(peer, opening)),
      () => setTimeout(() => this.#forget(peer, opening), RPC_LIMITS.openRetryMs).unref(),
    );
    return await untilAborted(opening, signal);
  }

  #forget(peer: PeerId, opening: Promise<RpcClient> | undefined): void {
    if (this.#clients.get(peer) === opening) this.#clients.delete(peer);
  }

  /** For all who ask: whoever asked first may leave. */
  async #open(peer: PeerId): Promise<RpcClient> {
    const stream = await this.#node.openStream(peer, RPC_PROTOCOL, this.#end.signal);
    return await RpcClient.open(stream, this.#partialAnswers, this.#end.signal);
  }

  #beat(): void {
    for (const [peer, opening] of this.#clients) {
      opening.then(
        (client) => this.#beatOne(peer, client),
        () => undefined,
      );
    }
  }

  #beatOne(peer: PeerId, client: RpcClient): void {
    if (!client.isOpen || client.beat()) return;
    const dead = new NiphasError("SubstituterUnavailable", "the peer gives no sign of life");
    client.close(dead);
    this.#node.drop(peer, dead);
  }
}

function whenAborted(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then();
  else signal.addEventListener("abort", then, { once: true });
}
