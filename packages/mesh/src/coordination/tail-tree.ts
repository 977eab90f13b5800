import type { PeerId } from "../ports.ts";
import { COORDINATION_LIMITS } from "./limits.ts";
import { isRoot, setParent, type Wanter } from "./wanter.ts";

/**
 * Who tails whom: each path's wanters form trees whose roots have the path or fetch it. A node is only ever told of
 * nodes between it and its root, so no two can wait for each other.
 */
export class TailTree {
  readonly #wanters: ReadonlyMap<PeerId, Wanter>;

  constructor(wanters: ReadonlyMap<PeerId, Wanter>) {
    this.#wanters = wanters;
  }

  /** Gives the wanter a place. @returns whom it may tail, nearest first; empty when there is nobody */
  place(wanter: Wanter, fetcher: Wanter | undefined): readonly PeerId[] {
    const kept = wanter.parent;
    const isKept = kept !== undefined && this.#mayTail(wanter, kept, fetcher);
    if (!isKept) setParent(wanter, this.#bestParent(wanter, fetcher));
    return this.#ancestors(wanter);
  }

  /** The end of the chain of those it tails; undefined when that leads nowhere. */
  rootOf(wanter: Wanter, fetcher: Wanter | undefined): Wanter | undefined {
    let each: Wanter | undefined = wanter;
    for (let steps = 0; each !== undefined && steps <= this.#wanters.size; steps++) {
      if (this.#wanters.get(each.peer) !== each) return undefined;
      if (isRoot(each) || each === fetcher) return each;
      each = each.parent;
    }
    return undefined;
  }

  #mayTail(wanter: Wanter, other: Wanter, fetcher: Wanter | undefined): boolean {
    if (other === wanter || other.role === "failed" || wanter.refused.has(other.peer)) return false;
    return this.rootOf(other, fetcher) !== undefined && !this.#isBelow(other, wanter, fetcher);
  }

  #isBelow(other: Wanter, wanter: Wanter, fetcher: Wanter | undefined): boolean {
    let each: Wanter | undefined = other;
    while (each !== undefined && each !== wanter) each = isRoot(each) || each === fetcher ? undefined : each.parent;
    return each === wanter;
  }

  /** Those who have it all come first, then those nearest to the root; of equals the one with the fewest tailers. */
  #bestParent(wanter: Wanter, fetcher: Wanter | undefined): Wanter | undefined {
    const candidates = [...this.#wanters.values()].filter((other) => this.#mayTail(wanter, other, fetcher));
    const free = candidates.filter(({ tailerCount }) => tailerCount < COORDINATION_LIMITS.maxTailers);
    const rank = (each: Wanter): number => (each.role === "done" ? -1 : this.#depth(each, fetcher));
    let best: { readonly wanter: Wanter; readonly rank: number } | undefined;
    for (const each of free.length > 0 ? free : candidates) {
      const own = rank(each);
      const isBetter =
        best === undefined || own < best.rank || (own === best.rank && each.tailerCount < best.wanter.tailerCount);
      if (isBetter) best = { wanter: each, rank: own };
    }
    return best?.wanter;
  }

  #depth(wanter: Wanter, fetcher: Wanter | undefined): number {
    let depth = 0;
    for (let each = wanter; !(isRoot(each) || each === fetcher) && each.parent !== undefined; each = each.parent)
      depth++;
    return depth;
  }

  #ancestors(wanter: Wanter): readonly PeerId[] {
    const peers: PeerId[] = [];
    let each = wanter.parent;
    while (each !== undefined && peers.length < COORDINATION_LIMITS.maxPeers) {
      if (!wanter.refused.has(each.peer)) peers.push(each.peer);
      each = isRoot(each) ? undefined : each.parent;
    }
    return peers;
  }
}
