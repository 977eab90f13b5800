import type { PathHash, PeerId } from "../../ports.ts";
import type { Clock } from "../ports.ts";

/** Less than the 5 s in which a lost holder must be forgotten. */
const FOUND_MS = 4000;
/** So few holders are soon more, or many nodes would go on asking the same few. */
const FEW_HOLDERS = 16;
const FOUND_FEW_MS = 1000;
/** A path may appear at any moment: "nobody" is never remembered for longer than 1 s. */
const NOBODY_MS = 500;
const MAX_PATHS = 16_384;

interface CachedHolders {
  readonly holders: readonly PeerId[];
  readonly untilMs: number;
}

/** What keepers have answered, for seconds; the oldest answers go first. */
export class HolderCache {
  readonly #clock: Clock;
  readonly #cached = new Map<PathHash, CachedHolders>();

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  /** Undefined when it is not known now; empty when nobody was known to hold the path. */
  get(path: PathHash): readonly PeerId[] | undefined {
    const cached = this.#cached.get(path);
    return cached !== undefined && cached.untilMs > this.#clock.nowMs() ? cached.holders : undefined;
  }

  set(path: PathHash, holders: readonly PeerId[]): void {
    const untilMs = this.#clock.nowMs() + validMs(holders.length);
    this.#cached.delete(path);
    this.#cached.set(path, { holders, untilMs });
    if (this.#cached.size <= MAX_PATHS) return;
    for (const oldest of this.#cached.keys()) {
      this.#cached.delete(oldest);
      return;
    }
  }
}

function validMs(holderCount: number): number {
  if (holderCount === 0) return NOBODY_MS;
  return holderCount < FEW_HOLDERS ? FOUND_FEW_MS : FOUND_MS;
}
