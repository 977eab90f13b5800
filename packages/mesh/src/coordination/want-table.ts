import type { PathHash, PeerId } from "../ports.ts";
import { COORDINATION_LIMITS } from "./limits.ts";
import type { Clock, Reachability, WantReport, WantRequests, WantVerdict } from "./ports.ts";
import { WantedPath } from "./wanted-path.ts";

interface Entry {
  readonly wanted: WantedPath;
  heardMs: number;
}

export interface WantTableComponents {
  readonly clock: Pick<Clock, "nowMs">;
  readonly reachability: Reachability;
}

export type WantTableInit = {
  readonly [Name in "maxPaths" | "maxWanters" | "maxPathsPerPeer" | "maxSharersPerPath"]?: number;
};

const FETCH: WantVerdict = { kind: "fetch" };
/** Old paths that are forgotten with each report: the table shrinks faster than it can grow. */
const SWEPT_PER_REPORT = 2;

/**
 * The owner's side: for each path that this node coordinates, one of those who want it fetches it, and the others get it
 * from there. In memory only and bounded; whoever finds no room fetches for himself. This node fetches nothing for others.
 */
export class WantTable implements WantRequests, Disposable {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #init: WantTableInit;
  /** Those that nobody has spoken of for longest come first. */
  readonly #entries = new Map<PathHash, Entry>();
  readonly #pathsOf = new Map<PeerId, Set<PathHash>>();
  readonly #watch: Disposable;
  #wanterCount = 0;

  constructor({ clock, reachability }: WantTableComponents, init: WantTableInit = {}) {
    this.#clock = clock;
    this.#init = init;
    this.#watch = reachability.onChange((peer) => {
      if (reachability.isLost(peer)) this.#dropPeer(peer);
    });
  }

  /** For metrics. */
  get size(): { readonly paths: number; readonly wanters: number } {
    return { paths: this.#entries.size, wanters: this.#wanterCount };
  }

  want(from: PeerId, reports: readonly WantReport[]): readonly WantVerdict[] {
    return reports.map((report) => this.#report(from, report));
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#entries.clear();
    this.#pathsOf.clear();
  }

  #report(from: PeerId, report: WantReport): WantVerdict {
    const nowMs = this.#clock.nowMs();
    this.#sweep(nowMs);
    const entry = this.#entryFor(from, report, nowMs);
    if (entry === undefined) return FETCH;
    const { path } = report;
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    entry.heardMs = nowMs;
    if (!entry.wanted.has(from)) this.#note(from, path);
    return entry.wanted.report(from, report, nowMs, (peer) => this.#unnote(peer, path));
  }

  /** Undefined when there is no room for one more. */
  #entryFor(from: PeerId, { path, role }: WantReport, nowMs: number): Entry | undefined {
    const limits = { ...COORDINATION_LIMITS, ...this.#init };
    const { maxPaths, maxWanters, maxPathsPerPeer } = limits;
    const maxOfPath = role === "sharing" ? limits.maxSharersPerPath : limits.maxWantersPerPath;
    const known = this.#entries.get(path);
    if (known?.wanted.has(from) === true) return known;
    const isPeerFull = (this.#pathsOf.get(from)?.size ?? 0) >= maxPathsPerPeer;
    if (isPeerFull || this.#wanterCount >= maxWanters) return undefined;
    if (known !== undefined) return known.wanted.wanterCount < maxOfPath ? known : undefined;
    return this.#entries.size < maxPaths && role !== "failed"
      ? { wanted: new WantedPath(nowMs), heardMs: nowMs }
      : undefined;
  }

  #sweep(nowMs: number): void {
    for (let count = 0; count < SWEPT_PER_REPORT; count++) {
      const [oldest] = this.#entries;
      if (oldest === undefined || nowMs - oldest[1].heardMs <= COORDINATION_LIMITS.lingerMs) return;
      this.#forget(...oldest);
    }
  }

  #forget(path: PathHash, { wanted }: Entry): void {
    this.#entries.delete(path);
    for (const peer of wanted.peers()) this.#unnote(peer, path);
  }

  #note(peer: PeerId, path: PathHash): void {
    const paths = this.#pathsOf.get(peer) ?? new Set();
    this.#pathsOf.set(peer, paths.add(path));
    this.#wanterCount++;
  }

  #unnote(peer: PeerId, path: PathHash): void {
    const paths = this.#pathsOf.get(peer);
    if (paths?.delete(path) !== true) return;
    this.#wanterCount--;
    if (paths.size === 0) this.#pathsOf.delete(peer);
  }

  #dropPeer(peer: PeerId): void {
    for (const path of [...(this.#pathsOf.get(peer) ?? [])]) {
      this.#entries.get(path)?.wanted.drop(peer);
      this.#unnote(peer, path);
    }
  }
}
