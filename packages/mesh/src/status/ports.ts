import type { ByteOrigin } from "../metrics/mesh-metrics.ts";
import type { PeerId } from "../ports.ts";
import type { PathNote } from "./path-notes.ts";

/** The answer of `GET /status`, and `niphas mesh status --json`. docs/interfaces.md describes it. */
export interface StatusReport {
  readonly version: string;
  readonly peerId: string;
  readonly listen: string;
  readonly zone: string | null;
  /** Why the members may be out of date. */
  readonly membershipProblem: string | null;
  readonly members: readonly MemberReport[];
  readonly discovery: "summaries" | "rendezvous";
  /** Valid paths of this node's store. */
  readonly paths: number;
  /** Without credentials, in the order of asking. */
  readonly upstreams: readonly string[];
  readonly nars: number;
  /** Those of them that wait for their turn or for room. */
  readonly queuedNars: number;
  readonly plans: number;
  readonly freeUploadSlots: number;
  readonly spoolBytes: { readonly memory: number; readonly disk: number };
  readonly receivedBytes: Readonly<Record<ByteOrigin, number>>;
  readonly sentBytes: number;
}

export interface MemberReport {
  readonly peerId: PeerId;
  readonly address: string;
  readonly zone: string | null;
  /** `idle`: there is no connection, and none was tried or lost. */
  readonly state: "connected" | "idle" | "lost";
  readonly quarantine: QuarantineReport | null;
}

export interface QuarantineReport {
  readonly reason: string;
  readonly leftSeconds: number;
  readonly times: number;
}

/** The answer of `GET /why/<hash>`, and `niphas mesh why --json`. */
export interface WhyReport {
  readonly hash: string;
  /** Known only where the path is valid, or somebody told of it. */
  readonly path: string | null;
  readonly isValidHere: boolean;
  readonly nar: NarReport | null;
  /** Members that are said to hold it, with what they answered just now. */
  readonly holders: readonly HolderReport[];
  /** Who coordinates the fetch from upstream; the first that answers does. */
  readonly owners: readonly OwnerReport[];
  readonly upstreams: readonly UpstreamReport[];
  readonly notes: readonly PathNote[];
  /** What all this comes to. */
  readonly summary: string;
}

export interface OwnerReport {
  readonly peerId: PeerId;
  /** Null for this daemon itself. */
  readonly address: string | null;
}

export interface NarReport {
  readonly state: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface HolderReport extends MemberReport {
  readonly answer: string;
  readonly hasIt: boolean;
}

export interface UpstreamReport {
  readonly upstream: string;
  readonly outcome: string;
  readonly reason: string;
}
