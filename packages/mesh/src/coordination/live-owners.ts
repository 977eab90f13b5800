import type { Membership, PathHash, PeerId } from "../ports.ts";
import { COORDINATION_LIMITS } from "./limits.ts";
import { Owners } from "./owners.ts";
import type { Reachability } from "./ports.ts";

/** Enough to find three that are alive while most of the members are not, without sorting all of them. */
const NEARLY_ALL = 32;

export interface LiveOwnersComponents {
  readonly self: PeerId;
  readonly membership: Membership;
  readonly reachability: Pick<Reachability, "isLost">;
}

/**
 * The owners of paths among those members that are not lost. Both sides of a partition find owners on their own side, and
 * all nodes of a side the same ones.
 */
export class LiveOwners implements Disposable {
  readonly #components: LiveOwnersComponents;
  readonly #watch: Disposable;
  #owners: Owners | undefined;
  #memberCount = 0;

  constructor(components: LiveOwnersComponents) {
    this.#components = components;
    this.#watch = components.membership.onChange(() => {
      this.#owners = undefined;
    });
  }

  /** The first that is not passed over coordinates. @param isPassedOver beside those that are lost */
  of(path: PathHash, isPassedOver: (peer: PeerId) => boolean = () => false): readonly PeerId[] {
    const { ownerCount } = COORDINATION_LIMITS;
    const owners = this.#current();
    const { self, reachability } = this.#components;
    const isAlive = (peer: PeerId): boolean => (peer === self || !reachability.isLost(peer)) && !isPassedOver(peer);
    for (const count of [ownerCount, NEARLY_ALL, this.#memberCount]) {
      const alive = owners.of(path, count).filter(isAlive);
      if (alive.length >= ownerCount || count >= this.#memberCount) return alive.slice(0, ownerCount);
    }
    return [];
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  #current(): Owners {
    if (this.#owners !== undefined) return this.#owners;
    const { self, membership } = this.#components;
    const peers = [self, ...membership.members().map(({ peerId }) => peerId)];
    this.#memberCount = peers.length;
    this.#owners = new Owners(peers);
    return this.#owners;
  }
}
