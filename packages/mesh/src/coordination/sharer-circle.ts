import type { PeerId } from "../ports.ts";
import { COORDINATION_LIMITS } from "./limits.ts";
import { isRoot, type Wanter } from "./wanter.ts";

/** So many are put in order anew at any change; more of them only now and then. */
const SMALL = 64;
const REBUILD_MS = 200;

/**
 * Names those who have bytes of a path to each other: each hears of the next ones around a circle, so that all are named
 * equally often, and of others each time, so that what one gets is never more than a few steps away from all.
 */
export class SharerCircle {
  readonly #wanters: ReadonlyMap<PeerId, Wanter>;
  #peers: readonly PeerId[] = [];
  #places: ReadonlyMap<PeerId, number> = new Map();
  #builtMs = Number.NEGATIVE_INFINITY;

  constructor(wanters: ReadonlyMap<PeerId, Wanter>) {
    this.#wanters = wanters;
  }

  /** Whom this one hears of now. */
  next(wanter: Wanter, nowMs: number): readonly PeerId[] {
    this.#rebuild(nowMs);
    const { maxPeers } = COORDINATION_LIMITS;
    const place = this.#places.get(wanter.peer) ?? -1;
    const others = this.#peers.length - (place < 0 ? 0 : 1);
    const count = Math.min(maxPeers, others);
    const first = wanter.timesNamed++ * maxPeers;
    const names: PeerId[] = [];
    for (let step = 0; step < count; step++) {
      const peer = this.#peers[(place + 1 + ((first + step) % others)) % this.#peers.length];
      if (peer !== undefined) names.push(peer);
    }
    return names;
  }

  #rebuild(nowMs: number): void {
    if (this.#wanters.size > SMALL && nowMs - this.#builtMs < REBUILD_MS) return;
    this.#builtMs = nowMs;
    const useful = [...this.#wanters.values()].filter((each) => isRoot(each) || each.haveBytes > 0);
    this.#peers = useful.map(({ peer }) => peer);
    this.#places = new Map(this.#peers.map((peer, place) => [peer, place]));
  }
}
