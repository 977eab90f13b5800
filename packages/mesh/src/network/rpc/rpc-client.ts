import type { Stream } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";
import type { ByteBudget } from "../budgets/byte-budget.ts";
import { Permits } from "../budgets/permits.ts";
import { RPC_LIMITS } from "../limits.ts";
import type { RpcFrame } from "../wire/rpc-frame.ts";
import { PendingAnswer } from "./pending-answer.ts";
import { RpcChannel } from "./rpc-channel.ts";
import { SignsOfLife } from "./signs-of-life.ts";

/** A question in bytes. */
export interface RpcQuestion {
  readonly kind: number;
  readonly payload: Uint8Array;
  readonly maxAnswerBytes: number;
  readonly deadlineMs: number;
}

/** What a request's frame has beside its payload. */
const REQUEST_OVERHEAD_BYTES = 64;

/** The asking side of one stream. */
export class RpcClient {
  readonly #stream: Stream;
  readonly #channel: RpcChannel;
  readonly #budget: ByteBudget;
  readonly #end = new AbortController();
  readonly #pending = new Map<number, PendingAnswer>();
  readonly #permits: Permits;
  readonly #life: SignsOfLife;
  #lastRequestId = 0;

  private constructor(stream: Stream, channel: RpcChannel, maxRequests: number, budget: ByteBudget) {
    this.#stream = stream;
    this.#channel = channel;
    this.#budget = budget;
    this.#permits = new Permits(maxRequests);
    this.#life = new SignsOfLife({ ping: () => this.#ping(), onSilence: (error) => this.#failPending(error) });
    this.#receiveAll().catch((error: unknown) => this.close(error instanceof Error ? error : gone()));
  }

  /** Waits for the peer's first words. @throws NiphasError SubstituterUnavailable, BadBytes; the signal's reason */
  static async open(stream: Stream, budget: ByteBudget, signal: AbortSignal): Promise<RpcClient> {
    try {
      const channel = new RpcChannel(stream);
      const hello = await channel.receive(RPC_LIMITS.helloTimeoutMs, signal);
      if (hello === undefined) throw gone();
      if (hello.type !== "hello" || hello.maxRequests < 1) throw unexpected();
      const maxRequests = Math.min(hello.maxRequests, RPC_LIMITS.maxRequestsPerPeer);
      return new RpcClient(stream, channel, maxRequests, budget);
    } catch (error) {
      stream.abort(error instanceof Error ? error : gone());
      throw error;
    }
  }

  get isOpen(): boolean {
    return !this.#end.signal.aborted;
  }

  /** Aborted when the stream has ended. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /**
   * The answer's bytes. Fails at once when the peer has been silent for too long and has not spoken since.
   * @throws NiphasError SubstituterUnavailable, BadBytes; the signal's reason
   */
  async ask(question: RpcQuestion, signal: AbortSignal): Promise<Uint8Array> {
    if (question.payload.byteLength + REQUEST_OVERHEAD_BYTES > RPC_LIMITS.maxFrameBytes) {
      throw new NiphasError("InvalidRequest", "the question is too long for one message");
    }
    this.#life.throwIfSilent();
    const deadline = AbortSignal.timeout(question.deadlineMs);
    const give = AbortSignal.any([signal, deadline, this.#end.signal]);
    try {
      using _permit = await this.#permits.take(give);
      return await this.#askNow(question, give);
    } catch (error) {
      signal.throwIfAborted();
      throw deadline.aborted ? new NiphasError("SubstituterUnavailable", "the peer took too long") : error;
    }
  }

  /** Every `heartbeatMs`. False when the peer is dead. */
  beat(): boolean {
    return this.#life.beat();
  }

  close(error: Error): void {
    this.#life[Symbol.dispose]();
    this.#end.abort(error);
    this.#failPending(error);
    this.#stream.abort(error);
  }

  async #askNow(question: RpcQuestion, signal: AbortSignal): Promise<Uint8Array> {
    this.#lastRequestId++;
    const requestId = this.#lastRequestId;
    using answer = new PendingAnswer(question.maxAnswerBytes, this.#budget);
    const onAbort = (): void => answer.fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#pending.set(requestId, answer);
    this.#life.expect(this.#pending.size);
    try {
      const { kind, payload, deadlineMs } = question;
      await this.#channel.send({ type: "request", requestId, kind, payload, deadlineMs }, signal);
      return await answer.whole;
    } catch (error) {
      if (this.isOpen) this.#send({ type: "cancel", requestId });
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#pending.delete(requestId);
      this.#life.expect(this.#pending.size);
    }
  }

  async #receiveAll(): Promise<never> {
    for (;;) await this.#receiveOne();
  }

  /** A function of its own: V8 keeps the variables of a loop that waits, and with them the last frame. */
  async #receiveOne(): Promise<void> {
    const frame = await this.#channel.receive(undefined, this.#end.signal);
    if (frame === undefined) throw gone();
    this.#life.hear();
    this.#take(frame);
  }

  #take(frame: RpcFrame): void {
    if (frame.type === "pong") return;
    if (frame.type !== "answer" && frame.type !== "failure") throw unexpected();
    if (frame.requestId > this.#lastRequestId) throw unexpected();
    // Undefined: we have cancelled it, and the answer was on its way.
    const answer = this.#pending.get(frame.requestId);
    if (frame.type === "answer") answer?.add(frame.payload, frame.last);
    else answer?.refuse(frame.reason);
  }

  #failPending(error: Error): void {
    for (const answer of this.#pending.values()) answer.fail(error);
  }

  #ping(): void {
    this.#send({ type: "ping" });
  }

  /** Without waiting; what goes wrong with the stream the receiver sees. */
  #send(frame: RpcFrame): void {
    this.#channel.send(frame, this.#end.signal).catch(() => undefined);
  }
}

function gone(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the peer has gone");
}

function unexpected(): NiphasError {
  return new NiphasError("BadBytes", "a peer sent a message out of turn");
}
