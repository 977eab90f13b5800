import type { PeerId } from "@niphas/mesh";

/** As the daemon's defaults. */
const SLOTS = 8;
const MAX_HINTS = 4;

/** How many uploads a node has at once, and who has just been served. */
export class UploadSlots {
  #used = 0;
  readonly #served: PeerId[] = [];

  /** False when all are taken. */
  take(): boolean {
    if (this.#used >= SLOTS) return false;
    this.#used++;
    return true;
  }

  giveBack(servedPeer: PeerId, isComplete: boolean): void {
    this.#used--;
    if (!isComplete || this.#served.includes(servedPeer)) return;
    this.#served.push(servedPeer);
    if (this.#served.length > MAX_HINTS) this.#served.shift();
  }

  /** Who got bytes last, without the one that asks. */
  hintsFor(peer: PeerId): readonly PeerId[] {
    return this.#served.filter((served) => served !== peer);
  }
}
