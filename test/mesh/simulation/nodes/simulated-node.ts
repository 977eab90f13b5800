import { ClusterDiscovery, MemoryOwnPaths, type PeerId, PeerLoads } from "@niphas/mesh";
import { seededRandom } from "../engine/seeded-random.ts";
import type { World } from "../world.ts";
import { RangeSet } from "./range-set.ts";
import { UploadSlots } from "./upload-slots.ts";

/** What a node answers to a request for a range. */
export type RangeAnswer =
  | { readonly kind: "bytes" }
  | { readonly kind: "busy"; readonly retryWith: readonly PeerId[] }
  /** It does not have this range yet. */
  | { readonly kind: "later" }
  | { readonly kind: "gone" };

export interface SimulatedNodeInit {
  readonly peer: PeerId;
  readonly seed: number;
  readonly zone: string;
}

/** A node: real discovery, real loads, and the ranges that it holds. */
export class SimulatedNode {
  readonly peer: PeerId;
  readonly zone: string;
  readonly random: () => number;
  readonly paths = new MemoryOwnPaths();
  readonly discovery: ClusterDiscovery;
  readonly loads = new PeerLoads();
  readonly slots = new UploadSlots();
  /** Ranges of the one NAR that it can serve. */
  ranges = RangeSet.empty(0);
  isAlive: boolean = true;
  /** Claims to hold what it does not. */
  isLiar: boolean = false;

  constructor(world: World, init: SimulatedNodeInit) {
    this.peer = init.peer;
    this.zone = init.zone;
    this.random = seededRandom(init.seed);
    this.discovery = new ClusterDiscovery(
      {
        views: world.views,
        reachability: world.network.reachabilityOf(init.peer),
        channel: world.network.channelOf(init.peer),
        paths: this.paths,
        clock: world.time,
        random: this.random,
      },
      { self: init.peer },
    );
  }

  serve(range: number, asker: PeerId): RangeAnswer {
    if (this.isLiar) return { kind: "gone" };
    if (!this.ranges.has(range)) return { kind: "later" };
    return this.slots.take() ? { kind: "bytes" } : { kind: "busy", retryWith: this.slots.hintsFor(asker) };
  }
}
