import type { Member } from "@niphas/mesh";

/** What a process of peers is started with, as JSON. */
export interface PeersInit {
  readonly peerCount: number;
  readonly pathsPerPeer: number;
  /** Who is told; the peers do not know each other. */
  readonly daemons: readonly Member[];
}

/** A line of its standard output, as JSON: first who they are, and when each daemon has each peer's summary, that. */
export type PeersLine = { readonly kind: "listening"; readonly members: readonly Member[] } | { readonly kind: "told" };
