import type { NarHash, NiphasError, StorePath, TrustedKey } from "@niphas/core";
import type { Patience } from "./realise/patience.ts";

/** Where a Nix store lies on this machine. `nix/store` and `nix/var/nix` are below `rootDir`. */
export interface StoreLocation {
  /** `/` for the host's own store, else a chroot store's root such as `/var/lib/niphas/store`. */
  readonly rootDir: string;
}

/** One row of Nix's database. */
export interface PathInfo {
  /** The row's id: never used twice, so the same id means the same path with the same closure. */
  readonly id: number;
  readonly path: StorePath;
  readonly narHash: NarHash;
  readonly narSizeBytes: number;
  readonly references: readonly StorePath[];
  /** Signatures as Nix keeps them, `name:base64`. */
  readonly signatures: readonly string[];
  /** Set when the path is content-addressed: its content proves its name and it needs no signature. */
  readonly contentAddress: string | undefined;
  /** True when this store built the path itself. */
  readonly isUltimate: boolean;
  readonly registeredAtSeconds: number;
}

/** What a row says of a path that is no more than itself. */
export type RegisteredPath = Pick<PathInfo, "id" | "path" | "signatures" | "contentAddress">;

/**
 * Read access to Nix's database. Synchronous: every query is a few
 * microseconds (one row) or proportional to one closure.
 * All methods throw NiphasError StoreUnavailable when the database cannot be read in time.
 */
export interface StoreDatabase {
  /** The row's id when the path is valid. A valid path has a valid closure (Nix's invariant). */
  validId(path: StorePath): number | undefined;
  pathInfo(path: StorePath): PathInfo | undefined;
  /** The closure of all roots, each path once, sorted by path. Every root must be valid: NiphasError PathNotFound. */
  closure(roots: readonly StorePath[]): readonly PathInfo[];
  /** As {@link closure}, serving the event loop in between. The roots must be held by garbage-collector roots. */
  readClosure(roots: readonly StorePath[], signal: AbortSignal): Promise<readonly PathInfo[]>;
  /** Sum of NAR sizes and count of a closure; cheaper than {@link closure}. */
  closureSize(roots: readonly StorePath[]): { readonly pathCount: number; readonly narSizeBytes: number };
  /** Paths registered after the row `id`, oldest first; at most `limit`. @param limit default all */
  registeredAfter(id: number, limit?: number): readonly RegisteredPath[];
  /** The newest row's id; 0 for an empty store. */
  newestId(): number;
  close(): void;
}

/** Finds paths as binary caches name them. A port of its own: most readers of the database never ask so. */
export interface PathLookup {
  /**
   * The valid path with these 32 base-32 characters; undefined also for any other text. A few microseconds.
   * @throws NiphasError StoreUnavailable when the database cannot be read in time
   */
  pathByHash(hash: string): StorePath | undefined;
}

/** How far a realisation has come. */
export interface RealiseProgress {
  readonly phase: "querying" | "fetching" | "done";
  readonly donePaths: number;
  readonly totalPaths: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Substituters that gave or are giving bytes, without credentials. */
  readonly sources: readonly string[];
  /** What the mesh says, while it is used. */
  readonly mesh?: NeighbourProgress;
}

/** How far the mesh is with what one realisation needs. */
export interface NeighbourProgress {
  readonly doneBytes: number;
  /** Of what is missing on this node; 0 until the mesh knows it. */
  readonly totalBytes: number;
  readonly donePaths: number;
  readonly totalPaths: number;
  /** Nodes that have given bytes. */
  readonly peers: number;
  readonly peerBytes: number;
  readonly upstreamBytes: number;
}

/**
 * Why a realisation goes on without the mesh: it was not ready in time, it was given up in the midst of it, or Nix failed
 * with it.
 */
export type MeshLoss = "unready" | "lost" | "failed";

/** What the mesh does for one realisation. */
export interface NeighboursPlan {
  /** The URL of a binary cache to ask first. */
  readonly substituter: string;
  /** What the mesh says of itself; it may lie. */
  readonly progress: NeighbourProgress;
  /** What is left of it after the time that {@link Neighbours.open} took. */
  readonly patience: Patience;
  /** Aborted, with a NiphasError SubstituterUnavailable as its reason, when the mesh is gone or gives no sign of life. */
  readonly lost: AbortSignal;
  /** The realisation has ended. */
  close(): void;
}

/** The other nodes, by way of the mesh daemon of this one. */
export interface Neighbours {
  /**
   * Hands the roots over, so that the mesh finds out their closures and begins to get them. Answers when Nix may be
   * started: when all is found out, or after half of the patience while the mesh still works on it. Undefined when it is
   * not there, knows of nothing or is silent, at the latest when the patience has run out. Never throws but for the signal.
   */
  open(
    roots: readonly StorePath[],
    options: {
      readonly signal: AbortSignal;
      readonly onProgress: (progress: NeighbourProgress) => void;
      /** Why the answer is undefined. */
      readonly onUnused: (reason: NiphasError) => void;
    },
  ): Promise<NeighboursPlan | undefined>;
}

export interface Realiser {
  /**
   * Makes the closures of `roots` valid in the store. Callers with the same
   * roots share one Nix process; it is killed (as a group) when the last
   * caller's signal aborts or the realiser's own deadline passes; that last
   * caller hears Cancelled when no process is left.
   * @throws NiphasError PathNotFound, SubstituterUnavailable, UntrustedPath, BadBytes, DiskFull, InodesExhausted, Cancelled, CommandFailed
   */
  realise(
    roots: readonly StorePath[],
    options: { readonly signal: AbortSignal; readonly onProgress?: (progress: RealiseProgress) => void },
  ): Promise<void>;
  /** Aborts all work and waits until every child is gone. */
  stop(): Promise<void>;
}

/** What Nix is told, on every invocation; nothing is read from the machine's own nix.conf. */
export interface NixSettings {
  readonly store: StoreLocation;
  readonly substituters: readonly string[];
  readonly trustedKeys: readonly TrustedKey[];
  readonly netrcFile: string | undefined;
  /** For narinfo caches, HOME and temporary files of Nix; kept between runs. */
  readonly cacheDir: string;
  readonly maxJobs: number;
  readonly connectTimeoutSeconds: number;
  readonly stalledDownloadTimeoutSeconds: number;
  /** Ends a realisation that makes no progress or is endless. */
  readonly realiseTimeoutMs: number;
}

/**
 * Direct garbage-collector roots, `<state>/gcroots/niphas/<owner>/<base name>`.
 * An owner is a volume id. Links are made before the path is valid, too.
 */
export interface GcRoots {
  /** The directory of an owner, where its small JSON lies beside the links. */
  ownerDir(owner: string): string;
  owners(): readonly string[];
  /** Makes the owner's directory and links; idempotent. Synchronous: it is on the warm path. */
  add(owner: string, roots: readonly StorePath[]): void;
  /** Removes links, JSON and directory; succeeds when there is nothing. */
  remove(owner: string): void;
  rootsOf(owner: string): readonly StorePath[];
}

/**
 * Tells a collector that may be running about paths it must keep, over
 * `<state>/gc-socket/socket`, and waits for its acknowledgement. Nothing
 * listening means that no collector runs. Calls in one tick share a connection.
 */
export interface CollectorNotifier {
  announce(paths: readonly StorePath[], signal: AbortSignal): Promise<void>;
}

/** Which paths may be shown to pods. */
export interface TrustChecker {
  /**
   * Checks that every path of the closure is signed by a trusted key, or is
   * content-addressed and not a root (a signed referrer pins its name).
   * The verdict is remembered by the roots' database ids.
   * @throws NiphasError UntrustedPath, naming the path and the keys that are trusted
   */
  assertTrusted(
    roots: readonly StorePath[],
    options: { readonly allowContentAddressedRoots: boolean; readonly signal: AbortSignal },
  ): Promise<void>;
}

export interface DiskSpace {
  readonly freeBytesRatio: number;
  readonly freeInodesRatio: number;
  readonly freeBytes: number;
  readonly freeInodes: number;
}
