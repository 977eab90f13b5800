import type { PeerId } from "../../ports.ts";
import type { PeerLoads } from "../choice/index.ts";
import { DOWNLOAD_LIMITS } from "../limits.ts";

/** How often speeds are compared. */
const LOOK_MS = 100;

/** What one request has brought so far, in time that was spent waiting for the peer. */
export class Meter {
  readonly peer: PeerId;
  receivedBytes = 0;
  waitedMs = 0;
  #nextLookMs: number = DOWNLOAD_LIMITS.slowAfterMs;

  constructor(peer: PeerId) {
    this.peer = peer;
  }

  add(sizeBytes: number, waitedMs: number): void {
    this.receivedBytes += sizeBytes;
    this.waitedMs += waitedMs;
  }

  /** Now and then, from the first second on. */
  get isTimeToLook(): boolean {
    if (this.waitedMs < this.#nextLookMs) return false;
    this.#nextLookMs = this.waitedMs + LOOK_MS;
    return true;
  }

  /** It gives a few bytes from time to time, which is worse than none: a stall timer never sees it. */
  get isCrawling(): boolean {
    const { crawlAfterMs, crawlBytesPerMs } = DOWNLOAD_LIMITS;
    return this.waitedMs >= crawlAfterMs && this.receivedBytes < this.waitedMs * crawlBytesPerMs;
  }

  /** Undefined while there is too little to say. */
  get bytesPerMs(): number | undefined {
    return this.waitedMs < DOWNLOAD_LIMITS.slowAfterMs ? undefined : this.receivedBytes / this.waitedMs;
  }
}

/**
 * The requests under way. A source is slow by comparison with what others give at the same time, since together they
 * share our own link; with what they gave before only when nobody else gives anything now.
 */
export class Meters {
  readonly #loads: PeerLoads;
  readonly #active = new Set<Meter>();
  readonly #counts = new Map<PeerId, number>();

  constructor(components: { readonly loads: PeerLoads }) {
    this.#loads = components.loads;
  }

  begin(peer: PeerId): Meter {
    const meter = new Meter(peer);
    this.#active.add(meter);
    this.#counts.set(peer, this.countOf(peer) + 1);
    return meter;
  }

  end(meter: Meter): void {
    if (!this.#active.delete(meter)) return;
    const left = this.countOf(meter.peer) - 1;
    if (left > 0) this.#counts.set(meter.peer, left);
    else this.#counts.delete(meter.peer);
  }

  /** Requests to this peer that are under way. */
  countOf(peer: PeerId): number {
    return this.#counts.get(peer) ?? 0;
  }

  /** Whether the source is to be replaced. Not when there is nobody else. */
  isSlow(meter: Meter, others: () => readonly PeerId[]): boolean {
    const speed = meter.bytesPerMs;
    if (speed === undefined || !meter.isTimeToLook) return false;
    const peers = others();
    if (peers.length === 0) return false;
    const now = [...this.#active].filter((each) => each.peer !== meter.peer).map((each) => each.bytesPerMs);
    const before = peers.map((peer) => this.#loads.bytesPerMs(peer));
    const median = medianOf(known(now)) ?? medianOf(known(before));
    return median !== undefined && speed < median * DOWNLOAD_LIMITS.slowRatio;
  }
}

function known(speeds: readonly (number | undefined)[]): number[] {
  return speeds.filter((speed) => speed !== undefined);
}

function medianOf(speeds: readonly number[]): number | undefined {
  return speeds.toSorted((left, right) => left - right)[Math.floor(speeds.length / 2)];
}
