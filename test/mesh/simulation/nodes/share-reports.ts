import { COORDINATION_LIMITS, type PathHash, type PeerId, type Timer } from "@niphas/mesh";
import type { World } from "../world.ts";
import type { SimulatedNode } from "./simulated-node.ts";

export interface ShareReportsInit {
  readonly node: SimulatedNode;
  readonly path: PathHash;
  readonly prefixBytes: () => number;
}

/**
 * Tells the path's owner of a download, and hears from its real table who else gets the path, as `MeshCoordinator` does,
 * which computes the owners for each node anew: too much for thousands in one process.
 */
export class ShareReports {
  readonly #world: World;
  readonly #init: ShareReportsInit;
  #timer: Timer | undefined;
  #hasBegun = false;
  peers: readonly PeerId[] = [];

  constructor(world: World, init: ShareReportsInit) {
    this.#world = world;
    this.#init = init;
  }

  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#repeat();
  }

  end(): void {
    this.#timer?.cancel();
    if (this.#hasBegun) this.#send("done");
  }

  #repeat(): void {
    this.#send("sharing");
    this.#timer = this.#world.time.after(COORDINATION_LIMITS.reportMs, () => this.#repeat());
  }

  #send(role: "sharing" | "done"): void {
    const { node, path, prefixBytes } = this.#init;
    if (!node.isAlive) return;
    const report = { path, role, haveBytes: prefixBytes() };
    this.#world.toOwner(node, path, (owner) => {
      const [verdict] = owner.wants.want(node.peer, [report]);
      if (role === "sharing" && verdict?.kind === "tail")
        this.peers = verdict.peers.filter((peer) => peer !== node.peer);
    });
  }
}
