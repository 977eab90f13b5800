import type { NarInfo } from "@niphas/core";
import type { ByteRange, PathHash, PeerPathInfo } from "../ports.ts";
import type { ByteSource, WantedNar } from "../transfer/ports.ts";
import type { UpstreamSet } from "../upstream/upstream-set.ts";

export type { Clock, Timer } from "../discovery/ports.ts";

/** How far a plan has come. Sizes are those of raw NARs. */
export interface PlanProgress {
  readonly doneBytes: number;
  /** Of what is missing on this node; 0 until all of it is known. */
  readonly totalBytes: number;
  readonly donePaths: number;
  /** Grows while the closure is being found out. */
  readonly totalPaths: number;
  /** Members that have given bytes. */
  readonly peers: number;
  readonly peerBytes: number;
  readonly upstreamBytes: number;
}

/** A line of the answer to `POST /plan`. */
export type PlanEvent =
  | ({ readonly event: "progress" } & PlanProgress)
  /** All narinfos are in memory: Nix may be started. */
  | { readonly event: "ready" }
  /** All that was missing is on this node. */
  | { readonly event: "done" }
  | { readonly event: "failed"; readonly reason: string };

/** A NAR that is being got, as `NarSpool` is. */
export interface NarInFlight {
  readonly doneBytes: number;
  readonly segments: { readonly all: readonly (ByteRange & { readonly source: ByteSource })[] };
  /** @throws NiphasError when it will not come; the signal's reason */
  verified(signal: AbortSignal): Promise<void>;
}

/** Gets NARs and keeps them while somebody holds them, as `Transfers` does. */
export interface Downloads {
  /** @throws NiphasError DiskFull when there is no room, BadBytes, SubstituterUnavailable, PathNotFound; the signal's reason */
  open(wanted: WantedNar, signal: AbortSignal): Promise<Disposable & { readonly spool: NarInFlight }>;
}

/** What all binary caches say of a path. */
export type UpstreamAnswers = Pick<UpstreamSet, "ask">;

/** Whether a trusted key has signed this, or its content proves it. */
export type IsTrusted = (info: NarInfo) => boolean | Promise<boolean>;

/** What of an info that a member has told is proven by a trusted key or by its content; undefined: it is not to be used. */
export type ProvenPart = (info: PeerPathInfo) => PeerPathInfo | undefined | Promise<PeerPathInfo | undefined>;

/** Some paths that are valid here, so that peers need not tell of them; at most `maxCount`. */
export type KnownPaths = (maxCount: number) => readonly PathHash[];

/** What becomes valid on this node. */
export interface Registrations {
  /** A follower: each call tells the paths that became valid since the one before. What it tells is bounded by what Nix does. */
  follow(): () => readonly PathHash[];
}

/** A plan whose narinfos are all in memory. */
export interface ReadyPlan {
  /** Asked of members and binary caches until then; what is asked for the index of members is not counted. */
  readonly questions: number;
  readonly tookMs: number;
}
