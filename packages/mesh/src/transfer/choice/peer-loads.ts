import type { PeerId } from "../../ports.ts";

/** Weight of the newest range in the average. */
const NEWEST_WEIGHT = 0.3;
/** Assumed of a peer that has given nothing yet: more than most links have, so that it is tried. */
const UNKNOWN_BYTES_PER_MS = 1_000_000;

interface Load {
  inFlightBytes: number;
  bytesPerMs: number | undefined;
}

/** What each peer is doing for this node now, and how fast it has been; over all transfers. */
export class PeerLoads {
  readonly #loads = new Map<PeerId, Load>();

  /** So many bytes have been asked for. */
  started(peer: PeerId, sizeBytes: number): void {
    this.#of(peer).inFlightBytes += sizeBytes;
  }

  /**
   * A request has ended, in whatever way.
   *
   * @param sizeBytes as {@link started}
   * @param receivedBytes what came of it; too little time or nothing received says nothing of the speed
   */
  ended(peer: PeerId, sizeBytes: number, receivedBytes: number, elapsedMs: number): void {
    const load = this.#of(peer);
    load.inFlightBytes = Math.max(0, load.inFlightBytes - sizeBytes);
    if (receivedBytes <= 0 || elapsedMs <= 0) return;
    const bytesPerMs = receivedBytes / elapsedMs;
    const before = load.bytesPerMs ?? bytesPerMs;
    load.bytesPerMs = before + NEWEST_WEIGHT * (bytesPerMs - before);
  }

  /** When this many bytes more would have come from the peer, by its speed and what it is asked for already. */
  expectedMs(peer: PeerId, sizeBytes: number): number {
    const load = this.#loads.get(peer);
    return ((load?.inFlightBytes ?? 0) + sizeBytes) / (load?.bytesPerMs ?? UNKNOWN_BYTES_PER_MS);
  }

  /** Undefined when the peer has not given anything yet. */
  bytesPerMs(peer: PeerId): number | undefined {
    return this.#loads.get(peer)?.bytesPerMs;
  }

  /** No member any more. */
  forget(peer: PeerId): void {
    this.#loads.delete(peer);
  }

  #of(peer: PeerId): Load {
    const load = this.#loads.get(peer) ?? { inFlightBytes: 0, bytesPerMs: undefined };
    this.#loads.set(peer, load);
    return load;
  }
}
