import type { PathHash, PeerId } from "../../ports.ts";
import { SLOT_LIMITS } from "../limits.ts";

/** Who got the end of a NAR from us last: the best to ask next, since they are many and we are one. */
export class RecentTakers {
  readonly #takers = new Map<PathHash, readonly PeerId[]>();

  add(path: PathHash, peer: PeerId): void {
    const others = this.of(path).filter((other) => other !== peer);
    this.#takers.delete(path);
    this.#takers.set(path, [peer, ...others].slice(0, SLOT_LIMITS.hintsPerPath));
    const [oldest] = this.#takers.keys();
    if (this.#takers.size > SLOT_LIMITS.hintedPaths && oldest !== undefined) this.#takers.delete(oldest);
  }

  /** The latest first. */
  of(path: PathHash): readonly PeerId[] {
    return this.#takers.get(path) ?? [];
  }
}
