import type { handleUnaryCall } from "@grpc/grpc-js";
import { ERROR_MAPPING, NiphasError, toNiphasError } from "@niphas/core";
import type { Clock } from "@niphas/service";
import { causeChain, errorFields } from "@niphas/service";
import type { Logger } from "pino";
import { describeRequest } from "./redact.ts";

/** What a handler knows about its call besides the request. */
export interface RpcContext {
  /** Aborts when the client leaves, the budget is spent, the plugin ends, or {@link abort} is called. Its reason is a NiphasError. */
  readonly signal: AbortSignal;
  readonly abort: (reason: NiphasError) => void;
}

export interface RpcMethod<Request> {
  readonly name: string;
  /** The call is answered within this time, whatever the handler does. */
  readonly budgetMs: number;
  readonly handle: (request: Request, context: RpcContext) => object | Promise<object>;
}

/** The part of a gRPC call that is used. */
export interface UnaryCall<Request> {
  readonly request: Request;
  on(event: "cancelled", listener: () => void): unknown;
}

/** Takes a call's only answer. */
export type Answer = (error: { readonly code: number; readonly details: string } | null, response?: object) => void;

/** Told about every finished call. */
export interface RpcObserver {
  rpcEnded(method: string, grpcCode: number): void;
  rpcFailed(error: NiphasError): void;
}

/** gRPC puts the message into a header; the specification asks for short ones. */
const MAX_MESSAGE_LENGTH = 1000;
const GRPC_OK = 0;

/**
 * The one door between gRPC and the handlers: budget, cancellation, error mapping, redaction, logging and metrics are
 * here and nowhere else.
 */
export class RpcRunner {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #observer: RpcObserver;
  readonly #active = new Set<AbortController>();

  constructor(components: { readonly clock: Clock; readonly logger: Logger; readonly observer: RpcObserver }) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#observer = components.observer;
  }

  /** What `grpc.Server.addService` takes for the method. */
  handler<Request>(method: RpcMethod<Request>): handleUnaryCall<Request, object> {
    return (call, callback) => this.serve(method, call, callback);
  }

  /** Tells every running handler to end. */
  abortAll(reason: NiphasError): void {
    for (const controller of this.#active) controller.abort(reason);
  }

  /** Serves one call; {@link handler} is this for gRPC. */
  serve<Request>(method: RpcMethod<Request>, call: UnaryCall<Request>, callback: Answer): void {
    const controller = new AbortController();
    const startMs = this.#clock.nowMs();
    this.#active.add(controller);
    let isAnswered = false;
    const answer = (error: NiphasError | undefined, response: object): void => {
      if (isAnswered) return;
      isAnswered = true;
      budget.cancel();
      this.#report(method.name, call.request, error, this.#clock.nowMs() - startMs);
      if (error === undefined) callback(null, response);
      else callback(serviceError(error));
    };
    const budget = this.#clock.setTimer(method.budgetMs, () => {
      const error = overBudget(method.name, method.budgetMs);
      controller.abort(error);
      answer(error, {});
    });
    // grpc-js also says so when an answered call's stream closes.
    call.on("cancelled", () => {
      if (!isAnswered) controller.abort(new NiphasError("Cancelled", "the client ended the call"));
    });
    const context = { signal: controller.signal, abort: (reason: NiphasError) => controller.abort(reason) };
    void this.#run(method, call.request, context, answer)
      .catch((error: unknown) =>
        this.#logger.error({ method: method.name, ...errorFields(error) }, "an answer was lost"),
      )
      .finally(() => this.#active.delete(controller));
  }

  async #run<Request>(
    method: RpcMethod<Request>,
    request: Request,
    context: RpcContext,
    answer: (error: NiphasError | undefined, response: object) => void,
  ): Promise<void> {
    try {
      answer(undefined, await method.handle(request, context));
    } catch (error) {
      answer(toNiphasError(error), {});
    }
  }

  #report(method: string, request: unknown, error: NiphasError | undefined, durationMs: number): void {
    this.#observer.rpcEnded(method, error === undefined ? GRPC_OK : ERROR_MAPPING[error.kind].grpc);
    if (error === undefined) {
      if (this.#logger.isLevelEnabled("debug")) {
        this.#logger.debug({ method, request: describeRequest(request), durationMs }, "rpc done");
      }
      return;
    }
    this.#observer.rpcFailed(error);
    const fields = {
      method,
      request: describeRequest(request),
      durationMs,
      code: error.code,
      kind: error.kind,
      causes: causeChain(error),
    };
    this.#logger[levelOf(error)](fields, shortMessage(error));
  }
}

/** Waiting and leaving are the ordinary course of things; a bug is an error; the rest wants someone's attention. */
function levelOf(error: NiphasError): "info" | "warn" | "error" {
  if (error.code === "StillFetching" || error.code === "Cancelled") return "info";
  return error.kind === "internal" ? "error" : "warn";
}

function serviceError(error: NiphasError): { code: number; details: string } {
  return { code: ERROR_MAPPING[error.kind].grpc, details: shortMessage(error) };
}

/**
 * On one line, as events are. Well-formed, too: grpc-js percent-encodes the text and throws on half a surrogate pair,
 * which a cut can leave.
 */
function shortMessage(error: NiphasError): string {
  return error.message
    .replace(/\s*\n\s*/g, " ")
    .slice(0, MAX_MESSAGE_LENGTH)
    .toWellFormed();
}

function overBudget(method: string, budgetMs: number): NiphasError {
  const seconds = Math.round(budgetMs / 1000);
  return new NiphasError("VolumeBusy", `${method} did not end within ${seconds} s; its work goes on, retry later`);
}
