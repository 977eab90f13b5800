import type { PeerId } from "../../ports.ts";
import type { PeerLoads } from "./peer-loads.ts";

/** After BUSY a peer is left alone for this long, doubled each time. */
const FIRST_BUSY_MS = 50;
const MAX_BUSY_MS = 500;
/** After so many BUSY in a row nobody is asked for as long: else all of hundreds of holders would be asked, again and again. */
const BUSY_BEFORE_PAUSE = 4;
/** A peer that has just got the path is a better source than others for so long. */
const HINT_MS = 5000;
const MAX_HINTS = 64;

export interface SourceChoiceComponents {
  readonly loads: PeerLoads;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** As `Math.random`. */
  readonly random: () => number;
  /** A member that can be reached and is not in quarantine. Asked for each choice, so it may change. */
  readonly isUsable: (peer: PeerId) => boolean;
  /** Whether the peer is in our zone. */
  readonly isNear: (peer: PeerId) => boolean;
  /** Whether the peer has said that it has something that is missing here. @default nobody has */
  readonly hasOffered?: (peer: PeerId) => boolean;
  /** Whether the peer is asked only when there is nobody else. @default nobody is */
  readonly isLastChoice?: (peer: PeerId) => boolean;
}

interface BusyPeer {
  readonly untilMs: number;
  readonly delayMs: number;
}

/**
 * Chooses where the next range of one NAR comes from: those who are no last choice, of them the same zone before others,
 * in it peers that have offered what is missing, then those that were named as having just got the path, and among equals
 * the better one of two at random ("The Power of Two Choices", Mitzenmacher 2001), which spreads the load nearly as well
 * as knowing everybody's.
 */
export class SourceChoice {
  readonly #components: SourceChoiceComponents;
  readonly #hints = new Map<PeerId, number>();
  readonly #busy = new Map<PeerId, BusyPeer>();
  readonly #abandoned = new Set<PeerId>();
  /** Since somebody last gave bytes. */
  #busyCount = 0;
  #pauseUntilMs = 0;

  constructor(components: SourceChoiceComponents) {
    this.#components = components;
  }

  /** Undefined when there is nobody to ask now; see {@link nextTryMs}. */
  choose(holders: readonly PeerId[], sizeBytes: number): PeerId | undefined {
    if (this.#pauseUntilMs > this.#components.nowMs()) return undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    let pair = new RandomPair(this.#components.random);
    for (const peer of this.#candidates(holders)) {
      if (this.#isBusy(peer)) continue;
      const rank = this.#rank(peer);
      if (rank < bestRank) pair = new RandomPair(this.#components.random);
      bestRank = Math.min(rank, bestRank);
      if (rank === bestRank) pair.offer(peer);
    }
    return this.#better(pair, sizeBytes);
  }

  /** When the first holder that is only busy may be asked again; undefined when there is none. */
  nextTryMs(holders: readonly PeerId[]): number | undefined {
    let firstMs = Number.POSITIVE_INFINITY;
    for (const peer of this.#candidates(holders)) {
      firstMs = Math.min(firstMs, this.#busy.get(peer)?.untilMs ?? this.#components.nowMs());
    }
    return firstMs === Number.POSITIVE_INFINITY ? undefined : Math.max(firstMs, this.#pauseUntilMs);
  }

  /** The peer has no free slot; `retryWith` names others that have just got the path. */
  busy(peer: PeerId, retryWith: readonly PeerId[]): void {
    const nowMs = this.#components.nowMs();
    const delayMs = Math.min((this.#busy.get(peer)?.delayMs ?? FIRST_BUSY_MS / 2) * 2, MAX_BUSY_MS);
    this.#busy.set(peer, { delayMs, untilMs: nowMs + this.#spread(delayMs) });
    this.#busyCount++;
    const pauseMs = FIRST_BUSY_MS * 2 ** (this.#busyCount - BUSY_BEFORE_PAUSE);
    if (this.#busyCount >= BUSY_BEFORE_PAUSE) this.#pauseUntilMs = nowMs + this.#spread(Math.min(pauseMs, MAX_BUSY_MS));
    this.#hints.delete(peer);
    for (const hint of retryWith.slice(0, MAX_HINTS)) {
      // One that was busy itself is no better than others: two that name each other would hide all the rest.
      if (!this.#busy.has(hint) && this.#hints.size < MAX_HINTS) this.#hints.set(hint, nowMs + HINT_MS);
    }
  }

  /** It has given bytes: the next BUSY is the first one again. */
  succeeded(peer: PeerId): void {
    this.#busy.delete(peer);
    this.#busyCount = 0;
    this.#pauseUntilMs = 0;
  }

  /** Nothing more comes from this peer for this NAR: it stalled, was too slow, lied, or no longer holds it. */
  abandon(peer: PeerId): void {
    this.#abandoned.add(peer);
    this.#hints.delete(peer);
  }

  /** Each peer once, the named ones first. There may be hundreds, for each range. */
  *#candidates(holders: readonly PeerId[]): Generator<PeerId> {
    const nowMs = this.#components.nowMs();
    for (const [peer, untilMs] of this.#hints) {
      if (untilMs <= nowMs) this.#hints.delete(peer);
      else if (this.#mayUse(peer)) yield peer;
    }
    for (const peer of holders) {
      if (!this.#hints.has(peer) && this.#mayUse(peer)) yield peer;
    }
  }

  #mayUse(peer: PeerId): boolean {
    return !this.#abandoned.has(peer) && this.#components.isUsable(peer);
  }

  #isBusy(peer: PeerId): boolean {
    return (this.#busy.get(peer)?.untilMs ?? 0) > this.#components.nowMs();
  }

  /** Lower is better. */
  #rank(peer: PeerId): number {
    const { isNear, isLastChoice, hasOffered } = this.#components;
    const promise = hasOffered?.(peer) === true ? 0 : this.#hints.has(peer) ? 1 : 2;
    return (isLastChoice?.(peer) === true ? 6 : 0) + (isNear(peer) ? 0 : 3) + promise;
  }

  #better({ first, second }: RandomPair, sizeBytes: number): PeerId | undefined {
    if (first === undefined || second === undefined) return first;
    const { loads, random } = this.#components;
    const difference = loads.expectedMs(second, sizeBytes) - loads.expectedMs(first, sizeBytes);
    return difference < 0 || (difference === 0 && random() >= 0.5) ? second : first;
  }

  /** All that heard BUSY at once would come back at once. */
  #spread(delayMs: number): number {
    return delayMs * (0.5 + this.#components.random());
  }
}

/** Two of all that are offered, each pair equally likely (reservoir sampling: Vitter's algorithm R). */
class RandomPair {
  first: PeerId | undefined;
  second: PeerId | undefined;
  readonly #random: () => number;
  #count = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  offer(peer: PeerId): void {
    this.#count++;
    const place = this.#count <= 2 ? this.#count - 1 : Math.floor(this.#random() * this.#count);
    if (place === 0) this.first = peer;
    else if (place === 1) this.second = peer;
  }
}
