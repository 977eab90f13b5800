import type { Stream } from "@libp2p/interface";
import type { PeerId } from "../../ports.ts";
import { ByteBudget } from "../budgets/byte-budget.ts";
import { Permits } from "../budgets/permits.ts";
import { RPC_LIMITS } from "../limits.ts";
import type { RequestHandlers } from "./request-kind.ts";
import { RpcChannel } from "./rpc-channel.ts";
import { RpcServerSession } from "./rpc-server-session.ts";

/** Bounds that all peers share. */
export interface ServerBudgets {
  readonly requests: Permits;
  readonly unsentAnswers: ByteBudget;
}

export interface RpcServerInit {
  /** Hears of each request. */
  readonly onRequest?: (peer: PeerId) => void;
}

/** Answers the requests of peers, each peer on a stream that it has opened. */
export class RpcServer {
  readonly #handlers: RequestHandlers;
  readonly #budgets: ServerBudgets = {
    requests: new Permits(RPC_LIMITS.maxRequestsServed),
    unsentAnswers: new ByteBudget(RPC_LIMITS.maxUnsentAnswerBytes),
  };

  readonly #onRequest: (peer: PeerId) => void;

  constructor(handlers: RequestHandlers, init: RpcServerInit = {}) {
    this.#handlers = handlers;
    this.#onRequest = init.onRequest ?? (() => undefined);
  }

  /** Until the peer ends the stream. A `StreamHandler`. @throws NiphasError BadBytes when it breaks the protocol */
  async serve(stream: Stream, peer: PeerId, signal: AbortSignal): Promise<void> {
    const channel = new RpcChannel(stream);
    await using session = new RpcServerSession({
      channel,
      peer,
      handlers: this.#handlers,
      budgets: this.#budgets,
      onRequest: () => this.#onRequest(peer),
      signal,
    });
    await session.run();
  }
}
