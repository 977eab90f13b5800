import type { PeerId } from "../../ports.ts";
import type { Clock } from "../ports.ts";

const FIRST_MS = 2_000;
const MAX_MS = 60_000;
/** So long after its pause a peer that has given nothing since is asked only when there is nobody else. */
const SUSPECT_MS = 60_000;

interface Pause {
  readonly lastsMs: number;
  readonly untilMs: number;
}

/**
 * Peers that broke off or stood still are left alone by all transfers for a while, so that a dead one costs its stall
 * time once.
 */
export class PeerPauses {
  readonly #clock: Clock;
  readonly #pauses = new Map<PeerId, Pause>();

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  has(peer: PeerId): boolean {
    return (this.#pauses.get(peer)?.untilMs ?? 0) > this.#clock.nowMs();
  }

  /** It broke off or stood still not long ago, and has given nothing since. */
  isSuspect(peer: PeerId): boolean {
    return (this.#pauses.get(peer)?.untilMs ?? Number.NEGATIVE_INFINITY) + SUSPECT_MS > this.#clock.nowMs();
  }

  /** It stood still, and may go on again. */
  suspect(peer: PeerId): void {
    const nowMs = this.#clock.nowMs();
    if (!this.has(peer))
      this.#pauses.set(peer, { lastsMs: this.#pauses.get(peer)?.lastsMs ?? FIRST_MS / 2, untilMs: nowMs });
  }

  /** Many requests that fail together count once. */
  failed(peer: PeerId): void {
    if (this.has(peer)) return;
    const lastsMs = Math.min((this.#pauses.get(peer)?.lastsMs ?? FIRST_MS / 2) * 2, MAX_MS);
    this.#pauses.set(peer, { lastsMs, untilMs: this.#clock.nowMs() + lastsMs });
  }

  succeeded(peer: PeerId): void {
    this.#pauses.delete(peer);
  }
}
