import type { CacheFile, NarBytes, PathHash, PeerId } from "../ports.ts";
import type { WantedNar } from "../upstream/wanted-nar.ts";

export type { Clock, Timer } from "../discovery/ports.ts";
export type { WantedNar } from "../upstream/wanted-nar.ts";

/** Where bytes of a NAR came from. */
export type ByteSource = PeerId | "upstream";

/** What the coordinator of a path says to a node that wants it. */
export type Errand =
  /** Get it from upstream; others will tail you. */
  | { readonly kind: "fetch" }
  /** These have it or are getting it. */
  | { readonly kind: "tail"; readonly peers: readonly PeerId[] };

/** Who gets a path from upstream, so that one node does it for all. */
export interface Coordinator {
  /**
   * Asks the path's owner. May be asked again at any time, when the errand came to nothing.
   * @param isQueued who was named has answered, but has no slot free: that is no reason to name somebody else
   * @throws NiphasError SubstituterUnavailable when no owner answers: then everybody is on their own
   */
  want(path: PathHash, signal: AbortSignal, isQueued?: boolean): Promise<Errand>;
  /** This node gets the path from peers that it knows of; others may get it here. Ends with {@link done}. Must not throw. */
  share(path: PathHash): void;
  /** After {@link share}: others who are getting the path, too, or have just got it. */
  sharers(path: PathHash): readonly PeerId[];
  /** After {@link want}, about once a second, and at once with the first bytes. Must not throw. */
  progress(path: PathHash, doneBytes: number): void;
  /** After {@link want}, once: this node has it now, or has given up. Must not throw. */
  done(path: PathHash, outcome: "have" | "failed"): void;
}

/** All binary caches as one, as `UpstreamSet` is. */
export interface UpstreamNars {
  /** What came last of this NAR was wrong: those that gave it are not asked for it again for a while. */
  accuse(wanted: WantedNar): void;
  /** Whether a cache is left that has neither given this NAR wrong nor gave it last. */
  hasOther(wanted: WantedNar): boolean;
  /** The raw NAR from the byte `start` on, not verified. Reading throws PathNotFound, SubstituterUnavailable, BadBytes. */
  nar(wanted: WantedNar, start: number, signal: AbortSignal): NarBytes;
  /** The file behind the NAR in this compression; undefined when no cache has it so. */
  compressedNar(
    wanted: WantedNar & { readonly compression: string },
    start: number,
    signal: AbortSignal,
  ): Promise<CacheFile | undefined>;
}

/** What happens in transfers; for metrics and the log. */
export type TransferEvent =
  | {
      readonly kind: "received";
      readonly path: PathHash;
      readonly source: ByteSource;
      readonly sizeBytes: number;
      readonly tookMs: number;
    }
  | { readonly kind: "abandoned"; readonly path: PathHash; readonly peer: PeerId; readonly reason: AbandonReason }
  | { readonly kind: "verified"; readonly path: PathHash }
  /** `culprits` gave the wrong bytes; empty while that is found out, and when it cannot be. */
  | { readonly kind: "corrupt"; readonly path: PathHash; readonly culprits: readonly ByteSource[] }
  /** No room for one more NAR. */
  | { readonly kind: "refused"; readonly path: PathHash }
  | { readonly kind: "served"; readonly peer: PeerId; readonly sizeBytes: number };

export type AbandonReason = "broken" | "gone" | "slow";

export type TransferObserver = (event: TransferEvent) => void;
