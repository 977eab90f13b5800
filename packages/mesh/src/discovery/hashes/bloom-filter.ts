import { NiphasError } from "@niphas/core";
import { type PathDigest, wordAt } from "./path-digest.ts";

/** Bits for each path and bits set for each: 0.8 % false positives when full. Both are part of the wire contract. */
export const BITS_PER_PATH = 10;
const BITS_SET = 7;
const MIN_PATHS = 1024;
/** More paths than any store has; bounds what a peer can make us keep to 1.25 MB. */
export const MAX_FILTER_PATHS = 1_000_000;
/** A full filter has about half of its bits set. More would be a peer that claims to hold everything. */
const MAX_FILL = 0.55;
const BITS_IN_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

/**
 * Which paths a node holds, with false positives and without false negatives. The bits of a path come from two words of
 * its digest, which is a hash already (Kirsch and Mitzenmacher, "Less Hashing, Same Performance", 2006).
 */
export class BloomFilter {
  readonly bytes: Uint8Array;
  readonly #bitCount: number;

  /** Takes the bytes as they are: foreign ones go through {@link parseBloomFilter}. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#bitCount = bytes.length * 8;
  }

  /** An empty filter for so many paths, at least 1,024 and at most {@link MAX_FILTER_PATHS}. */
  static forPaths(count: number): BloomFilter {
    const paths = Math.min(Math.max(count, MIN_PATHS), MAX_FILTER_PATHS);
    return new BloomFilter(new Uint8Array(Math.floor((paths * BITS_PER_PATH) / 8)));
  }

  /** How many paths it is good for; with more, false positives become frequent. */
  get capacity(): number {
    return Math.floor(this.#bitCount / BITS_PER_PATH);
  }

  add(digest: PathDigest): void {
    const step = wordAt(digest, 4);
    let position = wordAt(digest, 0);
    for (let bit = 0; bit < BITS_SET; bit++) {
      const at = position % this.#bitCount;
      this.bytes[at >>> 3] = (this.bytes[at >>> 3] ?? 0) | (1 << (at & 7));
      position = (position + step) >>> 0;
    }
  }

  has(digest: PathDigest): boolean {
    const step = wordAt(digest, 4);
    let position = wordAt(digest, 0);
    for (let bit = 0; bit < BITS_SET; bit++) {
      const at = position % this.#bitCount;
      if (((this.bytes[at >>> 3] ?? 0) & (1 << (at & 7))) === 0) return false;
      position = (position + step) >>> 0;
    }
    return true;
  }

  /** From 0 to 1: how many of the bits are set. Reads all of them. */
  fillRatio(): number {
    let bits = 0;
    for (const byte of this.bytes) bits += BITS_IN_BYTE[byte] ?? 0;
    return bits / this.#bitCount;
  }
}

/**
 * Reads foreign bytes and copies them.
 * @throws NiphasError BadBytes when they are too few, too many, or more of their bits are set than in an honest filter
 */
export function parseBloomFilter(bytes: Uint8Array): BloomFilter {
  const paths = (bytes.length * 8) / BITS_PER_PATH;
  if (paths < MIN_PATHS || paths > MAX_FILTER_PATHS) {
    throw new NiphasError("BadBytes", "a peer sent a summary of a size that no summary has");
  }
  const filter = new BloomFilter(Uint8Array.from(bytes));
  if (filter.fillRatio() > MAX_FILL) throw new NiphasError("BadBytes", "a peer sent a summary that claims everything");
  return filter;
}
