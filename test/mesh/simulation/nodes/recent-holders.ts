import type { Clock, Holders, PathHash, PeerId } from "@niphas/mesh";

/** Real answers, each used for a while: thousands of nodes ask for each range. */
export class RecentHolders implements Holders {
  readonly #holders: Holders;
  readonly #clock: Pick<Clock, "nowMs">;
  #path: PathHash | undefined;
  #peers: readonly PeerId[] = [];
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(components: { readonly holders: Holders; readonly clock: Pick<Clock, "nowMs"> }) {
    this.#holders = components.holders;
    this.#clock = components.clock;
  }

  of(path: PathHash): readonly PeerId[] {
    const nowMs = this.#clock.nowMs();
    if (path !== this.#path || nowMs - this.#atMs >= KEEP_MS) {
      this.#peers = this.#holders.of(path);
      this.#path = path;
      this.#atMs = nowMs;
    }
    return this.#peers;
  }
}

const KEEP_MS = 200;
