import type { WantChannel, WantReport, WantRequests, WantVerdict } from "../../coordination/ports.ts";
import type { PeerId } from "../../ports.ts";
import { handler, type RequestHandler } from "./request-kind.ts";
import type { RpcPeers } from "./rpc-peers.ts";
import { WANT } from "./want-kind.ts";

/** {@link WantChannel} on the RPC streams. */
export class RpcWantChannel implements WantChannel {
  readonly #peers: RpcPeers;

  constructor(peers: RpcPeers) {
    this.#peers = peers;
  }

  async want(owner: PeerId, reports: readonly WantReport[], signal: AbortSignal): Promise<readonly WantVerdict[]> {
    return await this.#peers.ask(owner, WANT, reports, signal);
  }
}

/** The other end: an entry of the request handlers. */
export function wantHandler(requests: WantRequests): readonly [number, RequestHandler] {
  return handler(WANT, (from, reports) => requests.want(from, reports));
}
