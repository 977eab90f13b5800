import { NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { CONNECTION_LIMITS, RPC_LIMITS } from "../limits.ts";
import { FAILURE, type FailureReason, type RpcFrame } from "../wire/rpc-frame.ts";
import type { ParsedRequest, RequestHandlers } from "./request-kind.ts";
import type { RpcChannel } from "./rpc-channel.ts";
import type { ServerBudgets } from "./rpc-server.ts";

export interface RpcServerSessionInit {
  readonly channel: RpcChannel;
  readonly peer: PeerId;
  readonly handlers: RequestHandlers;
  readonly budgets: ServerBudgets;
  readonly onRequest: () => void;
  readonly signal: AbortSignal;
}

type Request = Extract<RpcFrame, { type: "request" }>;

/** One stream of requests. */
export class RpcServerSession implements AsyncDisposable {
  readonly #init: RpcServerSessionInit;
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  readonly #running = new Map<number, { readonly abort: AbortController; readonly done: Promise<void> }>();

  constructor(init: RpcServerSessionInit) {
    this.#init = init;
    this.#signal = AbortSignal.any([init.signal, this.#end.signal]);
  }

  async run(): Promise<void> {
    const { channel } = this.#init;
    await channel.send({ type: "hello", maxRequests: RPC_LIMITS.maxRequestsPerPeer }, this.#signal);
    while (await this.#receiveOne());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new NiphasError("SubstituterUnavailable", "the peer has gone"));
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  /**
   * False at the end of the stream. A function of its own: V8 keeps the variables of a loop that waits, and with them the
   * last frame.
   */
  async #receiveOne(): Promise<boolean> {
    const frame = await this.#init.channel.receive(CONNECTION_LIMITS.inactivityTimeoutMs, this.#signal);
    if (frame !== undefined) await this.#take(frame);
    return frame !== undefined;
  }

  async #take(frame: RpcFrame): Promise<void> {
    if (frame.type === "request") return await this.#accept(frame);
    if (frame.type === "cancel") return this.#running.get(frame.requestId)?.abort.abort(cancelled());
    if (frame.type === "ping") return await this.#init.channel.send({ type: "pong" }, this.#signal);
    throw new NiphasError("BadBytes", "a peer answers on the stream of its questions");
  }

  async #accept(request: Request): Promise<void> {
    this.#init.onRequest();
    if (this.#running.has(request.requestId)) throw new NiphasError("BadBytes", "a peer uses a request's number twice");
    const work = this.#init.handlers.get(request.kind)?.(request.payload);
    const permit =
      this.#running.size < RPC_LIMITS.maxRequestsPerPeer ? this.#init.budgets.requests.tryTake() : undefined;
    if (permit === undefined) return await this.#sendFailure(request, FAILURE.busy);
    const abort = new AbortController();
    const done = this.#answer(request, work, abort.signal).finally(() => {
      permit[Symbol.dispose]();
      this.#running.delete(request.requestId);
    });
    this.#running.set(request.requestId, { abort, done });
  }

  /** Never rejects: when the answer cannot be sent the session ends. */
  async #answer(request: Request, work: ParsedRequest | undefined, cancel: AbortSignal): Promise<void> {
    try {
      if (work === undefined) return await this.#sendFailure(request, FAILURE.unknownKind);
      const deadlineMs = Math.min(request.deadlineMs, RPC_LIMITS.maxDeadlineMs);
      const deadline = AbortSignal.timeout(deadlineMs);
      const signal = AbortSignal.any([this.#signal, cancel, deadline]);
      const onFailure = (): FailureReason => (deadline.aborted ? FAILURE.tooLate : FAILURE.internal);
      const outcome = await work(this.#init.peer, signal).catch(onFailure);
      if (cancel.aborted) return;
      if (outcome instanceof Uint8Array) await this.#sendAnswer(request, outcome, cancel);
      else await this.#sendFailure(request, outcome);
    } catch (error) {
      if (!cancel.aborted) this.#end.abort(error);
    }
  }

  async #sendAnswer(request: Request, payload: Uint8Array, cancel: AbortSignal): Promise<void> {
    const { unsentAnswers } = this.#init.budgets;
    if (payload.byteLength > RPC_LIMITS.maxAnswerBytes) return await this.#sendFailure(request, FAILURE.tooLarge);
    if (!unsentAnswers.tryTake(payload.byteLength)) return await this.#sendFailure(request, FAILURE.busy);
    try {
      await this.#sendParts(request.requestId, payload, cancel);
    } finally {
      unsentAnswers.giveBack(payload.byteLength);
    }
  }

  async #sendParts(requestId: number, payload: Uint8Array, cancel: AbortSignal): Promise<void> {
    let offset = 0;
    let last = false;
    while (!(last || cancel.aborted)) {
      const part = payload.subarray(offset, offset + RPC_LIMITS.answerPartBytes);
      offset += part.byteLength;
      last = offset >= payload.byteLength;
      await this.#init.channel.send({ type: "answer", requestId, payload: part, last }, this.#signal);
    }
  }

  async #sendFailure(request: Request, reason: FailureReason): Promise<void> {
    await this.#init.channel.send({ type: "failure", requestId: request.requestId, reason }, this.#signal);
  }
}

function cancelled(): NiphasError {
  return new NiphasError("Cancelled", "the peer does not want the answer any more");
}
