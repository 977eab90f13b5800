import type { PeerId } from "../ports.ts";
import { COORDINATION_LIMITS } from "./limits.ts";
import type { WantReport, WantVerdict } from "./ports.ts";
import { SharerCircle } from "./sharer-circle.ts";
import { TailTree } from "./tail-tree.ts";
import { isRoot, isWanting, newWanter, setParent, type Wanter } from "./wanter.ts";

const FETCH: WantVerdict = { kind: "fetch" };
const GO_ON: WantVerdict = { kind: "tail", peers: [] };
const MAX_REFUSED = 16;
const SWEEP_MS = 100;

/** One path at its owner: who wants it, who of them fetches it, and who tails whom. */
export class WantedPath {
  readonly #wanters = new Map<PeerId, Wanter>();
  readonly #tree = new TailTree(this.#wanters);
  readonly #circle = new SharerCircle(this.#wanters);
  readonly #startedMs: number;
  #fetcher: Wanter | undefined;
  #hadFetcher = false;
  #handovers = 0;
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  get wanterCount(): number {
    return this.#wanters.size;
  }

  has(peer: PeerId): boolean {
    return this.#wanters.has(peer);
  }

  peers(): readonly PeerId[] {
    return [...this.#wanters.keys()];
  }

  /** Takes a report and says what its sender does now. @param onDropped hears of wanters that are no more */
  report(from: PeerId, report: WantReport, nowMs: number, onDropped: (peer: PeerId) => void): WantVerdict {
    const wanter = this.#hear(from, report, nowMs);
    for (const peer of this.#silent(nowMs)) {
      this.drop(peer);
      onDropped(peer);
    }
    if (!isWanting(wanter)) return GO_ON;
    if (wanter.role === "sharing") return { kind: "tail", peers: this.#circle.next(wanter, nowMs) };
    // Without a word from the one who fetches: this owner is new to the path and hears of it soon.
    if (!this.#mayBeFetchedElsewhere(wanter, nowMs)) this.#choose(wanter, nowMs);
    return this.#verdict(wanter, nowMs);
  }

  /** It has gone. */
  drop(peer: PeerId): void {
    const wanter = this.#wanters.get(peer);
    if (wanter === undefined) return;
    this.#wanters.delete(peer);
    setParent(wanter, undefined);
    if (this.#fetcher === wanter) this.#fetcher = undefined;
  }

  #hear(from: PeerId, { role, haveBytes }: WantReport, nowMs: number): Wanter {
    const wanter = this.#wanters.get(from) ?? newWanter(from, nowMs);
    this.#wanters.set(from, wanter);
    if (haveBytes > wanter.haveBytes) wanter.progressedMs = nowMs;
    Object.assign(wanter, { role, haveBytes, heardMs: nowMs });
    if (role === "failed") wanter.hasFailed = true;
    if (isRoot(wanter) || role === "failed") setParent(wanter, undefined);
    if (role === "fetching") this.#appoint(this.#fetcher ?? wanter);
    else if (!isWanting(wanter) && this.#fetcher === wanter) this.#fetcher = undefined;
    return wanter;
  }

  /** Looked for now and then only: all of many report again and again. */
  #silent(nowMs: number): readonly PeerId[] {
    if (nowMs - this.#sweptMs < SWEEP_MS) return [];
    this.#sweptMs = nowMs;
    const { silenceMs, lingerMs, failedMs } = COORDINATION_LIMITS;
    const limitMs = ({ role }: Wanter): number =>
      role === "done" ? lingerMs : role === "failed" ? failedMs : silenceMs;
    return [...this.#wanters.values()].filter((each) => nowMs - each.heardMs > limitMs(each)).map(({ peer }) => peer);
  }

  #mayBeFetchedElsewhere({ role }: Wanter, nowMs: number): boolean {
    const isYoung = nowMs - this.#startedMs < COORDINATION_LIMITS.adoptionMs;
    return isYoung && !this.#hadFetcher && (role === "tailing" || role === "stuck");
  }

  /** Sees to it that somebody fetches, unless somebody has it or gets it elsewhere. */
  #choose(asking: Wanter, nowMs: number): void {
    if (this.#wanters.values().some((each) => isGiving(each, nowMs))) return;
    if (this.#fetcher !== undefined && !this.#isStalled(this.#fetcher, nowMs)) return;
    const next = this.#successor(asking);
    if (next === undefined) return;
    if (this.#fetcher !== undefined) this.#fetcher.hasFailed = true;
    this.#handovers++;
    this.#appoint(next);
    next.progressedMs = nowMs;
    setParent(next, undefined);
  }

  #appoint(fetcher: Wanter): void {
    this.#fetcher = fetcher;
    this.#hadFetcher = true;
  }

  #isStalled(fetcher: Wanter, nowMs: number): boolean {
    const { stallMs, maxStallMs } = COORDINATION_LIMITS;
    const limitMs = Math.min(stallMs * 2 ** Math.max(0, this.#handovers - 1), maxStallMs);
    return nowMs - fetcher.progressedMs > limitMs;
  }

  /** The one with the most bytes; among equals the one that asks, since it hears of it at once. */
  #successor(asking: Wanter): Wanter | undefined {
    const others = [...this.#wanters.values()].filter(
      (each) => isWanting(each) && each !== this.#fetcher && each.role !== "sharing",
    );
    const untried = others.filter(({ hasFailed }) => !hasFailed);
    // Of those who all failed, only where nobody is at it.
    const candidates = untried.length > 0 || this.#fetcher !== undefined ? untried : others;
    const first = candidates.includes(asking) ? asking : candidates[0];
    return candidates.reduce(
      (best, each) => (best === undefined || each.haveBytes > best.haveBytes ? each : best),
      first,
    );
  }

  #verdict(wanter: Wanter, nowMs: number): WantVerdict {
    if (wanter === this.#fetcher || wanter.role === "fetching") return FETCH;
    if (wanter.role === "stuck") this.#noteRefusal(wanter);
    const peers = this.#tree.place(wanter, this.#fetcher);
    if (peers.length > 0) return { kind: "tail", peers };
    return this.#mayBeFetchedElsewhere(wanter, nowMs) ? GO_ON : FETCH;
  }

  /** Whoever has nothing more either, because upstream is slow, is not to blame. */
  #noteRefusal(wanter: Wanter): void {
    const { parent } = wanter;
    if (parent === undefined || wanter.refused.size >= MAX_REFUSED) return;
    const source = this.#tree.rootOf(parent, this.#fetcher);
    const isComplete = source?.role === "done";
    const most = Math.max(source?.haveBytes ?? 0, this.#fetcher?.haveBytes ?? 0, parent.haveBytes);
    if (isComplete || most > wanter.haveBytes) wanter.refused.add(parent.peer);
  }
}

/** Has it, or gets more and more of it from peers that the owner does not know of. */
function isGiving({ role, progressedMs }: Wanter, nowMs: number): boolean {
  return role === "done" || (role === "sharing" && nowMs - progressedMs <= COORDINATION_LIMITS.sharingStallMs);
}
