import type { PathHash, PeerId } from "../ports.ts";

export type { Clock, Reachability, Timer } from "../discovery/ports.ts";
export type { Coordinator, Errand } from "../transfer/ports.ts";

/** What a node does about a path that it wants. The order is part of the wire contract. */
export const WANT_ROLES = [
  /** Nothing yet. */
  "waiting",
  /** Gets it from upstream. */
  "fetching",
  /** Gets it from peers. */
  "tailing",
  /** Was told to get it from peers and gets nothing there. */
  "stuck",
  /** Has it, verified; others may get it there. */
  "done",
  /** Has given it up. */
  "failed",
  /** Gets it from peers that it knows of, not told by an owner; others may get it here. */
  "sharing",
] as const;

export type WantRole = (typeof WANT_ROLES)[number];

/** How it stands with one wanted path; a sign of life too. */
export interface WantReport {
  readonly path: PathHash;
  readonly role: WantRole;
  /** Bytes of the NAR that are here, from the first one on. */
  readonly haveBytes: number;
}

/** What an owner says to one report. */
export type WantVerdict =
  | { readonly kind: "fetch" }
  /** Nearest first. Empty: go on as before, and ask again soon. */
  | { readonly kind: "tail"; readonly peers: readonly PeerId[] };

/** Reports to one owner on the long-lived RPC stream; the answer has one verdict for each, in their order. */
export interface WantChannel {
  /** @throws NiphasError SubstituterUnavailable when the peer is gone or silent, BadBytes; the signal's reason */
  want(owner: PeerId, reports: readonly WantReport[], signal: AbortSignal): Promise<readonly WantVerdict[]>;
}

/** The other end of {@link WantChannel}. Called with authenticated members and parsed values. */
export interface WantRequests {
  want(from: PeerId, reports: readonly WantReport[]): readonly WantVerdict[];
}
