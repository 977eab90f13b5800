import { isNiphasError, NiphasError, type StorePath, toNiphasError } from "@niphas/core";
import { diskSpace } from "../disk/space.ts";
import type { DiskSpace, GcRoots } from "../ports.ts";
import type { NixRunner } from "../process/nix-runner.ts";
import { createGcRoots } from "../roots/gc-roots.ts";
import { storeLayout } from "../store/layout.ts";
import { DEFAULT_GC_TARGETS, type GcTargets, targetsMet } from "./targets.ts";

const DEFAULT_TIMEOUT_MS = 60 * 60 * 1000;
const KEEP_DIRECTORY = "niphas-keep";

/** A closure that nobody mounts now, with what must go before its paths may. */
export interface UnusedClosure {
  readonly roots: readonly StorePath[];
  readonly lastUsedAtMs: number;
  /** Removes what shows the closure, such as its view. Must reject when that is in use after all: the closure is then kept. */
  readonly drop: () => Promise<void>;
}

export interface CollectReport {
  /** False when the targets were met and nothing was done. */
  readonly ran: boolean;
  readonly freedBytes: number;
  readonly freedInodes: number;
  /** How many times Nix collected. */
  readonly rounds: number;
  readonly targetsMet: boolean;
  readonly droppedClosures: number;
  /** Closures whose `drop` failed, with the reasons. */
  readonly failures: readonly unknown[];
}

export interface GarbageCollector {
  /** Removes what a crashed run left. Call before anything is published. */
  start(): void;
  /**
   * Frees space until the targets are met, least recently used first: orphans,
   * then half of the unused closures, then half of the rest, until none is left.
   * Calls during a run share it. Paths with a root of their own are never touched,
   * and nothing that a publish waits for is locked.
   * @throws NiphasError CommandFailed, Cancelled
   */
  collect(request: { readonly unused: readonly UnusedClosure[]; readonly signal: AbortSignal }): Promise<CollectReport>;
  /** When a run last ended well, also one that had nothing to do. */
  readonly lastSuccessAtMs: number | undefined;
}

export interface GarbageCollectorComponents {
  readonly nix: NixRunner;
}

export interface GarbageCollectorInit {
  /** Default 20 % of bytes and of inodes. */
  readonly targets?: GcTargets;
  /** Longest time of one `nix-store --gc`. Default one hour. */
  readonly timeoutMs?: number;
  /** For tests. Default statfs of the store. */
  readonly measure?: () => DiskSpace;
  /** For tests. Default `Date.now`. */
  readonly now?: () => number;
}

export function createGarbageCollector(
  components: GarbageCollectorComponents,
  init: GarbageCollectorInit = {},
): GarbageCollector {
  return new NixGarbageCollector(components, init);
}

type CollectRequest = Parameters<GarbageCollector["collect"]>[0];

class NixGarbageCollector implements GarbageCollector {
  readonly #nix: NixRunner;
  readonly #keepRoots: GcRoots;
  readonly #targets: GcTargets;
  readonly #timeoutMs: number;
  readonly #measure: () => DiskSpace;
  readonly #now: () => number;
  #running: Promise<CollectReport> | undefined;
  #lastSuccessAtMs: number | undefined;

  constructor({ nix }: GarbageCollectorComponents, init: GarbageCollectorInit) {
    const location = nix.settings.store;
    this.#nix = nix;
    this.#keepRoots = createGcRoots(location, { directoryName: KEEP_DIRECTORY });
    this.#targets = init.targets ?? DEFAULT_GC_TARGETS;
    this.#timeoutMs = init.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#measure = init.measure ?? (() => diskSpace(storeLayout(location).storeDir));
    this.#now = init.now ?? Date.now;
  }

  get lastSuccessAtMs(): number | undefined {
    return this.#lastSuccessAtMs;
  }

  start(): void {
    for (const owner of this.#keepRoots.owners()) this.#keepRoots.remove(owner);
  }

  collect(request: CollectRequest): Promise<CollectReport> {
    this.#running ??= this.#collect(request).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #collect({ unused, signal }: CollectRequest): Promise<CollectReport> {
    const before = this.#measure();
    const run = new CollectRun(unused, this.#keepRoots);
    let space = before;
    try {
      while (!(targetsMet(space, this.#targets) || run.isExhausted)) {
        await run.shrink();
        await this.#runNix(signal);
        space = this.#measure();
      }
    } finally {
      this.start();
    }
    this.#lastSuccessAtMs = this.#now();
    return {
      ran: run.rounds > 0,
      freedBytes: gained(before.freeBytes, space.freeBytes),
      freedInodes: gained(before.freeInodes, space.freeInodes),
      rounds: run.rounds,
      targetsMet: targetsMet(space, this.#targets),
      droppedClosures: run.droppedClosures,
      failures: run.failures,
    };
  }

  async #runNix(signal: AbortSignal): Promise<void> {
    const args = ["--gc", "--option", "keep-derivations", "false", "--option", "keep-outputs", "false"];
    const result = await this.#nix.run("nix-store", { args, signal, timeoutMs: this.#timeoutMs });
    if (result.outcome === "cancelled") throw new NiphasError("Cancelled", "garbage collection was cancelled");
    if (result.outcome === "exited" && result.exitCode === 0) return;
    throw new NiphasError("CommandFailed", "nix-store --gc failed; the node plugin's log has its output", {
      cause: result.stderrLines,
    });
  }
}

/** Others write meanwhile, and file systems without an inode limit report infinity. */
function gained(before: number, after: number): number {
  return after > before ? after - before : 0;
}

/** The closures that one run still keeps, newest first, each under a root of its own. */
class CollectRun {
  rounds = 0;
  droppedClosures = 0;
  readonly failures: unknown[] = [];
  readonly #keepRoots: GcRoots;
  #kept: readonly { readonly owner: string; readonly closure: UnusedClosure }[];

  constructor(unused: readonly UnusedClosure[], keepRoots: GcRoots) {
    this.#keepRoots = keepRoots;
    this.#kept = [...unused]
      .sort((left, right) => right.lastUsedAtMs - left.lastUsedAtMs)
      .map((closure, index) => ({ owner: `kept-${index}`, closure }));
  }

  /** Nothing is left that another round could free. */
  get isExhausted(): boolean {
    return this.rounds > 0 && this.#kept.length === 0;
  }

  /** The first round keeps all, so that orphans go first; each later one drops the older half. */
  async shrink(): Promise<void> {
    if (this.rounds === 0) await this.#protect();
    const keepCount = this.rounds === 0 ? this.#kept.length : Math.floor(this.#kept.length / 2);
    const dropped = this.#kept.slice(keepCount);
    this.#kept = this.#kept.slice(0, keepCount);
    this.rounds += 1;
    for (const { owner, closure } of dropped) await this.#drop(owner, closure);
  }

  /** Makes the roots. On a disk so full that not even a link fits, the oldest closures make room for those of the others. */
  async #protect(): Promise<void> {
    let index = 0;
    while (index < this.#kept.length) {
      const each = this.#kept[index];
      if (each !== undefined && this.#isProtected(each.owner, each.closure)) index += 1;
      else await this.#dropOldest();
    }
  }

  #isProtected(owner: string, closure: UnusedClosure): boolean {
    try {
      this.#keepRoots.add(owner, closure.roots);
      return true;
    } catch (error) {
      if (toNiphasError(error).kind !== "exhausted") throw error;
      return false;
    }
  }

  async #dropOldest(): Promise<void> {
    const oldest = this.#kept.at(-1);
    this.#kept = this.#kept.slice(0, -1);
    if (oldest !== undefined) await this.#drop(oldest.owner, oldest.closure);
  }

  /** What cannot be dropped is in use after all: its root stays until the run ends. */
  async #drop(owner: string, closure: UnusedClosure): Promise<void> {
    try {
      await closure.drop();
      this.#keepRoots.remove(owner);
      this.droppedClosures += 1;
    } catch (error) {
      this.failures.push(isNiphasError(error) ? error.message : error);
    }
  }
}
