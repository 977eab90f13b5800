import {
  type ByteRange,
  ClusterDiscovery,
  type Extents,
  MemoryOwnPaths,
  offeredRanges,
  type PathHash,
  type PeerId,
  PeerTraffic,
  RecentTakers,
  SLOT_LIMITS,
  UploadSlots,
  WantTable,
} from "@niphas/mesh";
import { seededRandom } from "../engine/seeded-random.ts";
import type { World } from "../world.ts";
import { RecentHolders } from "./recent-holders.ts";
import { SlotQueue } from "./slot-queue.ts";

export interface RangeRequest {
  readonly path: PathHash;
  readonly range: ByteRange;
  /** Nothing before this byte is of use to who asks. */
  readonly usefulFrom: number;
}

/** What a node answers to a request for a range. */
export type RangeAnswer =
  /** Up to this byte. `slot` is held while they are sent. */
  | { readonly kind: "bytes"; readonly end: number; readonly slot: Disposable }
  | { readonly kind: "busy"; readonly retryWith: readonly PeerId[] }
  /** It has others of them. */
  | { readonly kind: "later"; readonly available: readonly ByteRange[] }
  | { readonly kind: "gone" };

export interface SimulatedNodeInit {
  readonly peer: PeerId;
  readonly seed: number;
  readonly zone: string;
}

/** A node with the daemon's discovery, memory of peers, slots and table of wants, and what it holds of the one NAR. */
export class SimulatedNode {
  readonly peer: PeerId;
  readonly zone: string;
  readonly random: () => number;
  readonly paths = new MemoryOwnPaths();
  readonly discovery: ClusterDiscovery;
  readonly traffic: PeerTraffic;
  readonly takers = new RecentTakers();
  isAlive: boolean = true;
  /** Claims to hold what it does not. */
  isLiar: boolean = false;
  readonly #world: World;
  readonly #slots: SlotQueue;
  #wants: WantTable | undefined;
  #held: (() => Extents) | undefined;

  constructor(world: World, init: SimulatedNodeInit) {
    const { peer, zone } = init;
    this.#world = world;
    this.peer = peer;
    this.zone = zone;
    this.random = seededRandom(init.seed);
    this.#slots = new SlotQueue({ slots: new UploadSlots(), time: world.time });
    const { time, network, views } = world;
    const reachability = network.reachabilityOf(peer);
    const channel = network.channelOf(peer);
    const shared = { clock: time, random: this.random };
    this.discovery = new ClusterDiscovery(
      { ...shared, views, reachability, channel, paths: this.paths },
      { self: peer },
    );
    this.traffic = new PeerTraffic({
      ...shared,
      nars: { read: () => Promise.reject(new Error("bytes are only computed here")) },
      holders: new RecentHolders({ holders: this.discovery, clock: time }),
      isReachable: (other) => other !== peer && world.canReach(peer, other) && !reachability.isLost(other),
      isNear: (other) => world.node(other)?.zone === zone,
      observe: () => undefined,
    });
  }

  /** As an owner of paths. */
  get wants(): WantTable {
    this.#wants ??= new WantTable({ clock: this.#world.time, reachability: this.#world.ownerReachability });
    return this.#wants;
  }

  /** The one NAR is here, or on its way. @param held what is here now */
  holds(held: () => Extents): void {
    this.#held = held;
  }

  /** Answers a request as `PeerSource` does, but that it looks for what has come meanwhile only when the wait is over. */
  serve(request: RangeRequest, asker: PeerId, answer: (answer: RangeAnswer) => void, hasWaited = false): void {
    const { range, usefulFrom } = request;
    const held = this.isLiar ? undefined : this.#held?.();
    if (held === undefined) {
      answer({ kind: "gone" });
      return;
    }
    const end = Math.min(held.endFrom(range.start), range.end);
    const isEnough = end >= Math.min(range.end, range.start + SLOT_LIMITS.worthwhileBytes);
    if (isEnough || (hasWaited && end > range.start)) {
      this.#withSlot(request, asker, end, answer);
      return;
    }
    const available = offeredRanges(held.within({ start: usefulFrom, end: Number.POSITIVE_INFINITY }));
    if (hasWaited || (end === range.start && available.length > 0)) answer({ kind: "later", available });
    else this.#world.time.after(SLOT_LIMITS.laterMs, () => this.serve(request, asker, answer, true));
  }

  #withSlot({ path }: RangeRequest, asker: PeerId, end: number, answer: (answer: RangeAnswer) => void): void {
    const hints = (): readonly PeerId[] => this.takers.of(path).filter((other) => other !== asker);
    this.#slots.take(asker, hints().length > 0 ? 0 : SLOT_LIMITS.slotWaitMs, (slot) => {
      answer(slot === undefined ? { kind: "busy", retryWith: hints() } : { kind: "bytes", end, slot });
    });
  }
}
