import type { StorePath, ViewKey, ViewLayout, ViewLink, ViewStrategyName } from "@niphas/core";
import type { PathInfo } from "@niphas/nix";

/** What a view must hold. */
export interface ViewSpec {
  readonly roots: readonly StorePath[];
  readonly layout: ViewLayout;
  readonly links: readonly ViewLink[];
  /** `auto` takes the best strategy that its probe allowed. */
  readonly view: "auto" | "tree";
}

/** A view that is ready: mount `rootDir` and a process sees exactly the closure. */
export interface View {
  readonly key: ViewKey;
  readonly strategy: ViewStrategyName;
  /** Root of the view in this mount namespace; a mount point (composefs) or plain directory (tree). */
  readonly rootDir: string;
  /** True when this call built it, false when it was found ready. */
  readonly isNew: boolean;
}

/** Everything a strategy needs, worked out once. Plain data: it crosses to workers. */
export interface ViewPlan {
  readonly layout: ViewLayout;
  readonly roots: readonly StorePath[];
  readonly links: readonly ViewLink[];
  readonly closure: readonly PathInfo[];
  /** The real directory that holds the closure's paths, `<store>/nix/store`. */
  readonly physicalStoreDir: string;
}

export type ProbeResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly advice: string };

/** One way to show exactly one closure. Implementations pass `describeViewStrategy` of packages/testing. */
export interface ViewStrategy {
  readonly name: ViewStrategyName;
  /** Proves on this machine, with a tiny view, that the root is exact and read-only where it must be. */
  probe(signal: AbortSignal): Promise<ProbeResult>;
  /**
   * Builds into the empty directory `viewDir` and leaves nothing running. Heavy work is off the event loop.
   * Called in a temporary directory that is renamed when this returns; must not mount.
   * @throws NiphasError DiskFull, InodesExhausted, ViewUnavailable, Cancelled
   */
  build(plan: ViewPlan, viewDir: string, signal: AbortSignal): Promise<void>;
  /** Makes the finished view visible at `rootDir` (`<viewDir>/root`), if that is not yet so; idempotent. */
  activate(viewDir: string, physicalStoreDir: string, signal: AbortSignal): Promise<void>;
  /** Takes back what {@link activate} did; idempotent. */
  deactivate(viewDir: string): Promise<void>;
}

export interface ViewCache {
  /** Chooses strategies by their probes, removes half-built views, reads finished ones. */
  start(signal: AbortSignal): Promise<void>;
  /** Strategies and what their probes said, for `doctor`, logs and metrics. */
  readonly probes: ReadonlyMap<ViewStrategyName, ProbeResult>;
  /**
   * Finds or builds the view. The roots must be valid and rooted before the call.
   * Equal specs share one build. Constant time when the view is ready.
   * @throws NiphasError PathNotFound, ViewUnavailable, DiskFull, InodesExhausted, Cancelled
   */
  acquire(spec: ViewSpec, signal: AbortSignal): Promise<View>;
  /** The view if it is ready now, without building; undefined otherwise. Synchronous, constant time. */
  peek(spec: ViewSpec): View | undefined;
  list(): readonly CachedView[];
  /** Notes the time of last use. */
  touch(key: ViewKey): void;
  /**
   * Removes a view unless something is mounted from it or `isInUse` says so; checked again under the view's lock.
   * @returns whether it is gone
   */
  remove(key: ViewKey, isInUse: (key: ViewKey) => boolean): Promise<boolean>;
  stop(): Promise<void>;
}

export interface CachedView {
  readonly key: ViewKey;
  readonly strategy: ViewStrategyName;
  readonly roots: readonly StorePath[];
  /** Database ids of the roots when the view was built, in the order of `roots`. */
  readonly rootIds: readonly number[];
  readonly lastUsedAtMs: number;
}

/** One line of /proc/self/mountinfo. See proc_pid_mountinfo(5). */
export interface MountEntry {
  readonly mountId: number;
  readonly parentId: number;
  /** `major:minor` of the superblock. */
  readonly device: string;
  /** The directory of the file system that forms the root of this mount. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly fileSystemType: string;
  readonly source: string;
}

/** The mount table of this process. Linux 5.12 or newer. */
export interface Mounter {
  /**
   * Mounts `source` (a directory) at `target` read-only, nosuid, nodev. The flags are set on a
   * detached copy before it is attached, so that every mount namespace that
   * receives it by propagation sees the same flags. One mount, no process.
   * @throws NiphasError MountFailed
   */
  bindReadOnly(source: string, target: string): void;
  /** Whether `path` (links not followed) is itself the root of a mount. False when it does not exist. One system call. */
  isMountPoint(path: string): boolean;
  /** Whether the mount at `target` shows `source`: same device and inode, read-only. Constant time. */
  isBindOf(target: string, source: string): boolean;
  /** Takes away every mount stacked at `target`; proved by asking the kernel afterwards, not by umount's word. @throws NiphasError MountFailed */
  unmountAll(target: string): void;
  /** The whole table; for the janitor and for tests, never on a warm path. */
  list(): readonly MountEntry[];
}
