import { NAR_LIMITS } from "../../network/limits.ts";
import type { Holders, PathHash, PeerId, PeerNars } from "../../ports.ts";
import { PeerLoads } from "../choice/index.ts";
import type { AbandonReason, Clock, TransferObserver } from "../ports.ts";
import { Wakers } from "../spool/wakers.ts";
import { Quarantine } from "../verification/quarantine.ts";
import { Meters } from "./meters.ts";
import { PeerPauses } from "./peer-pauses.ts";

export interface PeerTrafficComponents {
  readonly nars: PeerNars;
  readonly holders: Holders;
  /** May be slower than time is, on a machine that holds up everybody. */
  readonly clock: Clock;
  /** For sources that others can take the place of, so that nobody need wait for them. @default clock */
  readonly plainClock?: Clock;
  /** A member that can be reached, and not ourselves. */
  readonly isReachable: (peer: PeerId) => boolean;
  /** Whether the peer is in our zone. */
  readonly isNear: (peer: PeerId) => boolean;
  /** As `Math.random`. */
  readonly random: () => number;
  readonly observe: TransferObserver;
}

/** All that this node knows of peers as sources, over all its transfers. */
export class PeerTraffic {
  readonly nars: PeerNars;
  readonly holders: Holders;
  readonly clock: Clock;
  readonly plainClock: Clock;
  readonly isNear: (peer: PeerId) => boolean;
  readonly random: () => number;
  readonly observe: TransferObserver;
  readonly loads = new PeerLoads();
  readonly meters = new Meters({ loads: this.loads });
  readonly quarantine: Quarantine;
  /** Woken when a request has ended, so that its peer may be free for another one. */
  readonly requestEnds = new Wakers();
  readonly #pauses: PeerPauses;
  readonly #isReachable: (peer: PeerId) => boolean;

  constructor(components: PeerTrafficComponents) {
    const { nars, holders, clock, isNear, random, observe, isReachable } = components;
    this.nars = nars;
    this.holders = holders;
    this.clock = clock;
    this.plainClock = components.plainClock ?? clock;
    this.isNear = isNear;
    this.random = random;
    this.observe = observe;
    this.#isReachable = isReachable;
    this.quarantine = new Quarantine({ clock });
    this.#pauses = new PeerPauses({ clock });
  }

  isUsable(peer: PeerId): boolean {
    return this.#isReachable(peer) && !this.quarantine.has(peer) && !this.#pauses.has(peer);
  }

  /** It has all the requests that the network lets through; a further one would wait where nobody sees it. */
  isCrowded(peer: PeerId): boolean {
    return this.isUsable(peer) && this.meters.countOf(peer) >= NAR_LIMITS.maxStreamsPerPeer;
  }

  /** It may still be frozen: asking it costs the stall time once more. */
  isSuspect(peer: PeerId): boolean {
    return this.#pauses.isSuspect(peer);
  }

  /** It stands still, and another one goes on in its place. */
  putOff(peer: PeerId, path: PathHash): void {
    this.#pauses.suspect(peer);
    this.observe({ kind: "abandoned", path, peer, reason: "slow" });
  }

  /** It has given all that it promised. */
  succeeded(peer: PeerId): void {
    this.#pauses.succeeded(peer);
  }

  /** It gives no more of one NAR; one that broke off gives nothing at all for a while. */
  abandoned(peer: PeerId, path: PathHash, reason: AbandonReason): void {
    if (reason === "broken") this.#pauses.failed(peer);
    this.observe({ kind: "abandoned", path, peer, reason });
  }

  /** No member any more. */
  forget(peer: PeerId): void {
    this.loads.forget(peer);
    this.#pauses.succeeded(peer);
  }
}
