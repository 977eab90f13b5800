import type { Holders, PathHash, PeerId } from "../ports.ts";
import type { DigestList, PathDigest } from "./hashes/path-digest.ts";
import type { Announcement, AnnouncementAnswer } from "./rendezvous/announcement.ts";
import type { SummaryAnswer, SummaryDelta, SummaryPosition } from "./summaries/summary.ts";

/** Time, so that tests and simulations can turn the hands themselves. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start. */
  nowMs(): number;
  /** Calls back once after `delayMs`; does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Who holds what in the whole mesh. {@link Holders.of} answers from memory. */
export interface Discovery extends Holders, AsyncDisposable {
  /**
   * Afterwards {@link Holders.of} knows of these paths what the mesh knows now. At once while every node keeps
   * summaries; one batched question to each keeper when there are many nodes. A keeper that fails is passed over.
   * @throws NiphasError Cancelled when the signal aborts
   */
  lookUp(paths: readonly PathHash[], signal: AbortSignal): Promise<void>;
}

/**
 * Questions to one peer, each on the long-lived RPC stream. Every answer is foreign and has gone through the parsers of
 * `summaries/summary.ts` and `rendezvous/announcement.ts`.
 * All methods throw NiphasError SubstituterUnavailable when the peer is gone or silent, BadBytes when it breaks the protocol.
 */
export interface DiscoveryChannel {
  /** What the peer holds, as a change since `known` when that is shorter. */
  fetchSummary(peer: PeerId, known: SummaryPosition | undefined, signal: AbortSignal): Promise<SummaryAnswer>;
  /** Tells a peer what has changed here. It does not say whether it could use it. */
  pushDelta(peer: PeerId, delta: SummaryDelta, signal: AbortSignal): Promise<void>;
  /** Tells a keeper what we hold in its shards. */
  announce(peer: PeerId, announcement: Announcement, signal: AbortSignal): Promise<AnnouncementAnswer>;
  /** Asks a keeper for the holders of paths; the answer has one list for each digest, in their order. */
  query(peer: PeerId, digests: DigestList, signal: AbortSignal): Promise<readonly (readonly PeerId[])[]>;
}

/** The other end of {@link DiscoveryChannel}: what a node answers. Called with authenticated members and parsed values. */
export interface DiscoveryRequests {
  fetchSummary(from: PeerId, known: SummaryPosition | undefined): SummaryAnswer;
  takeDelta(from: PeerId, delta: SummaryDelta): void;
  takeAnnouncement(from: PeerId, announcement: Announcement): AnnouncementAnswer;
  query(from: PeerId, digests: DigestList): readonly (readonly PeerId[])[];
}

/** What the network knows of members' liveness: the connection itself, or a failed dial. */
export interface Reachability {
  /** True from the loss of a connection or a failed dial until the next success. A connection closed as idle is no loss. */
  isLost(peer: PeerId): boolean;
  /** Calls `listener` when a peer is lost or found again. Disposing ends it. */
  onChange(listener: (peer: PeerId) => void): Disposable;
}

/** Paths that came and went, in this order. */
export interface OwnPathsChange {
  readonly added: readonly PathDigest[];
  readonly removed: readonly PathDigest[];
}

/** The paths of this node that members are told of, and may have. */
export interface OwnPaths {
  readonly count: number;
  /** All of them; one may come twice. To be read to the end before anything else happens. */
  digests(): Iterable<PathDigest>;
  /** Calls `listener` with each change after it has happened. Disposing ends it. */
  onChange(listener: (change: OwnPathsChange) => void): Disposable;
}
