import type {
  Announcement,
  AnnouncementAnswer,
  DigestList,
  DiscoveryChannel,
  DiscoveryRequests,
  SummaryAnswer,
  SummaryDelta,
  SummaryPosition,
} from "../../discovery/index.ts";
import type { PeerId } from "../../ports.ts";
import { ANNOUNCE, DELTA, HOLDERS, SUMMARY } from "./discovery-kinds.ts";
import { handler, type RequestHandler } from "./request-kind.ts";
import type { RpcPeers } from "./rpc-peers.ts";

/** {@link DiscoveryChannel} on the RPC streams. */
export class RpcDiscoveryChannel implements DiscoveryChannel {
  readonly #peers: RpcPeers;

  constructor(peers: RpcPeers) {
    this.#peers = peers;
  }

  fetchSummary(peer: PeerId, known: SummaryPosition | undefined, signal: AbortSignal): Promise<SummaryAnswer> {
    return this.#peers.ask(peer, SUMMARY, known, signal);
  }

  pushDelta(peer: PeerId, delta: SummaryDelta, signal: AbortSignal): Promise<void> {
    return this.#peers.ask(peer, DELTA, delta, signal);
  }

  announce(peer: PeerId, announcement: Announcement, signal: AbortSignal): Promise<AnnouncementAnswer> {
    return this.#peers.ask(peer, ANNOUNCE, announcement, signal);
  }

  query(peer: PeerId, digests: DigestList, signal: AbortSignal): Promise<readonly (readonly PeerId[])[]> {
    return this.#peers.ask(peer, HOLDERS, digests, signal);
  }
}

/** The other end: entries of the request handlers. */
export function discoveryHandlers(requests: DiscoveryRequests): readonly (readonly [number, RequestHandler])[] {
  return [
    handler(SUMMARY, (from, known) => requests.fetchSummary(from, known)),
    handler(DELTA, (from, delta) => requests.takeDelta(from, delta)),
    handler(ANNOUNCE, (from, announcement) => requests.takeAnnouncement(from, announcement)),
    handler(HOLDERS, (from, digests) => requests.query(from, digests)),
  ];
}
