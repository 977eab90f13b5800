import { isNiphasError, type NarInfo } from "@niphas/core";
import type { LocalStore, PeerId } from "../ports.ts";
import { pathHashOf } from "../upstream/path-hash.ts";
import { pause } from "./deadline.ts";
import { PLAN_LIMITS } from "./limits.ts";
import { isValid } from "./missing-closure.ts";
import type { Clock, Downloads, NarInFlight, PlanProgress } from "./ports.ts";

export interface ClosureDownloadComponents {
  readonly downloads: Downloads;
  readonly store: Pick<LocalStore, "pathInfo">;
  readonly clock: Clock;
}

type Lease = Disposable & { readonly spool: NarInFlight };

/**
 * Gets what is missing of a closure ahead of Nix, in order, and holds it until Nix has it. What does not come is left to
 * Nix, which asks elsewhere.
 */
export class ClosureDownload implements Disposable {
  readonly #components: ClosureDownloadComponents;
  readonly #infos: readonly NarInfo[];
  readonly #waiting: NarInfo[];
  readonly #leases = new Map<NarInfo, Lease>();
  readonly #peers = new Set<PeerId>();
  readonly #ended = { paths: 0, bytes: 0, peerBytes: 0, upstreamBytes: 0 };
  #aheadBytes = 0;
  #failure: unknown;

  constructor(components: ClosureDownloadComponents, init: { readonly infos: readonly NarInfo[] }) {
    this.#components = components;
    this.#infos = init.infos;
    // What nobody here can unpack is Nix's alone.
    this.#waiting = init.infos.filter(({ compression }) => compression === "none");
  }

  get progress(): PlanProgress {
    const { paths, bytes, peerBytes, upstreamBytes } = this.#ended;
    const sums = { doneBytes: bytes, peerBytes, upstreamBytes };
    for (const { spool } of this.#leases.values()) {
      sums.doneBytes += spool.doneBytes;
      for (const { source, start, end } of spool.segments.all) {
        if (source === "upstream") sums.upstreamBytes += end - start;
        else sums.peerBytes += end - start;
        if (source !== "upstream") this.#peers.add(source);
      }
    }
    const totalBytes = this.#infos.reduce((sum, { narSizeBytes }) => sum + narSizeBytes, 0);
    const donePaths = paths + [...this.#leases].filter(([info, { spool }]) => isComplete(info, spool)).length;
    return { ...sums, totalBytes, donePaths, totalPaths: this.#infos.length, peers: this.#peers.size };
  }

  /** Until all is here or was given up. @throws the first failure, when all the rest is done; the signal's reason */
  async run(signal: AbortSignal): Promise<void> {
    const workers = Array.from({ length: PLAN_LIMITS.parallelNars }, () => this.#work(signal));
    await Promise.all(workers);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Lets go of what Nix has taken. To be called now and then, also after {@link run}. */
  releaseTaken(): void {
    for (const [info, lease] of this.#leases) {
      if (isComplete(info, lease.spool) && isValid(this.#components.store, pathHashOf(info.path)))
        this.#release(info, lease);
    }
  }

  [Symbol.dispose](): void {
    for (const [info, lease] of this.#leases) this.#release(info, lease);
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let info = this.#waiting.shift(); info !== undefined; info = this.#waiting.shift()) {
      signal.throwIfAborted();
      if (isValid(this.#components.store, pathHashOf(info.path))) this.#count(info, undefined);
      else if (!(await this.#get(info, signal))) {
        this.#waiting.unshift(info);
        await pause(this.#components.clock, PLAN_LIMITS.tickMs, signal);
      }
    }
  }

  /** False when there is no room now. */
  async #get(info: NarInfo, signal: AbortSignal): Promise<boolean> {
    const { path, narHash, narSizeBytes } = info;
    if (this.#aheadBytes > 0 && this.#aheadBytes + narSizeBytes > PLAN_LIMITS.maxAheadBytes) return false;
    this.#aheadBytes += narSizeBytes;
    let lease: Lease | undefined;
    try {
      lease = await this.#components.downloads.open({ path, narHash, narSizeBytes }, signal);
      this.#leases.set(info, lease);
      await lease.spool.verified(signal);
      return true;
    } catch (error) {
      if (lease === undefined) this.#aheadBytes -= narSizeBytes;
      else this.#release(info, lease);
      signal.throwIfAborted();
      if (isNiphasError(error) && error.kind === "exhausted" && this.#leases.size > 0) return false;
      this.#failure ??= error;
      return true;
    }
  }

  #release(info: NarInfo, lease: Lease): void {
    this.#leases.delete(info);
    this.#aheadBytes -= info.narSizeBytes;
    this.#count(info, lease.spool);
    lease[Symbol.dispose]();
  }

  #count(info: NarInfo, spool: NarInFlight | undefined): void {
    const isDone = spool === undefined || isComplete(info, spool);
    // What was given up begins anew: more than there is must never be told.
    if (isDone) this.#ended.bytes += info.narSizeBytes;
    if (isDone) this.#ended.paths++;
    for (const { source, start, end } of spool?.segments.all ?? []) {
      if (source === "upstream") this.#ended.upstreamBytes += end - start;
      else this.#ended.peerBytes += end - start;
      if (source !== "upstream") this.#peers.add(source);
    }
  }
}

function isComplete({ narSizeBytes }: NarInfo, { doneBytes }: NarInFlight): boolean {
  return doneBytes >= narSizeBytes;
}
