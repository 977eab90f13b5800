import { NiphasError } from "@niphas/core";
import type { BloomFilter } from "../hashes/bloom-filter.ts";
import { DigestPairs } from "../hashes/digest-pairs.ts";
import { digestCount, digestsIn, type PathDigest } from "../hashes/path-digest.ts";
import { MAX_REMOVED, type Summary, type SummaryDelta, type SummaryPosition } from "./summary.ts";

/** The value of all pairs: only the digests matter. */
const PRESENT = 0;

/**
 * What a peer has said that it holds: its filter, which follows its changes, and the exact set of what it has removed.
 * Never denies a path that the peer holds as of this version; claims others with the filter's false positives.
 */
export class PeerSummary {
  readonly #epoch: number;
  #version: number;
  readonly #filter: BloomFilter;
  readonly #removed: DigestPairs;
  #addedCount = 0;

  constructor(summary: Summary, init: { readonly seed: number }) {
    this.#epoch = summary.epoch;
    this.#version = summary.version;
    this.#filter = summary.filter;
    this.#removed = new DigestPairs({ seed: init.seed, expectedPairs: digestCount(summary.removed) });
    for (const digest of digestsIn(summary.removed)) this.#removed.add(digest, PRESENT);
  }

  get position(): SummaryPosition {
    return { epoch: this.#epoch, version: this.#version };
  }

  get sizeBytes(): number {
    return this.#filter.bytes.length + this.#removed.sizeBytes;
  }

  has(digest: PathDigest): boolean {
    return this.#filter.has(digest) && !this.#removed.has(digest, PRESENT);
  }

  /**
   * False when changes between what we know and this delta are missing, or the peer has started a new epoch: the peer
   * must be asked. An old delta, or one that overlaps with what we know, does no harm: it has the last word on each path.
   * @throws NiphasError BadBytes when the peer goes on where an honest one would have made a new filter
   */
  apply(delta: SummaryDelta): boolean {
    if (delta.epoch !== this.#epoch || delta.fromVersion > this.#version) return false;
    if (delta.toVersion <= this.#version) return true;
    this.#addedCount += digestCount(delta.added);
    for (const digest of digestsIn(delta.added)) {
      this.#filter.add(digest);
      this.#removed.delete(digest, PRESENT);
    }
    for (const digest of digestsIn(delta.removed)) this.#removed.add(digest, PRESENT);
    this.#version = delta.toVersion;
    this.#assertBounded();
    return true;
  }

  #assertBounded(): void {
    // Parsing has bounded how full the filter was; an honest owner makes a new one before twice its capacity has come.
    if (this.#removed.size > MAX_REMOVED || this.#addedCount > this.#filter.capacity) {
      throw new NiphasError("BadBytes", "a peer changes its summary without end");
    }
  }
}
