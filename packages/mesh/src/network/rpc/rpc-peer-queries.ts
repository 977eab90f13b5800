import type { PathHash, PeerId, PeerPathInfo, PeerQueries } from "../../ports.ts";
import { CLOSURE, HAVE, MAX_HASHES } from "./query-kinds.ts";
import type { RpcPeers } from "./rpc-peers.ts";

/** {@link PeerQueries} on the RPC streams. */
export class RpcPeerQueries implements PeerQueries {
  readonly #peers: RpcPeers;

  constructor(peers: RpcPeers) {
    this.#peers = peers;
  }

  async closure(
    peer: PeerId,
    path: PathHash,
    known: readonly PathHash[],
    signal: AbortSignal,
  ): Promise<readonly PeerPathInfo[] | undefined> {
    // What is known only makes the answer shorter.
    return await this.#peers.ask(peer, CLOSURE, { path, known: known.slice(0, MAX_HASHES) }, signal);
  }

  async have(peer: PeerId, paths: readonly PathHash[], signal: AbortSignal): Promise<readonly PathHash[]> {
    const held: PathHash[] = [];
    for (let start = 0; start < paths.length; start += MAX_HASHES) {
      held.push(...(await this.#peers.ask(peer, HAVE, paths.slice(start, start + MAX_HASHES), signal)));
    }
    return held;
  }
}
