import { DIGEST_BYTES, type PathDigest, wordAt } from "./path-digest.ts";

/** Five of the digest, then the value and one: 0 is an empty slot. */
const WORDS = 6;
const VALUE = 5;
const MIN_SLOTS = 16;
const MAX_LOAD = 0.75;
const GROWTH = 1.25;
/** How far from its place a pair may lie. Beyond it only hostile digests get, and are refused. */
const MAX_PROBES = 4096;

/**
 * A set of pairs (digest, number below 2^32 - 1) in one typed array: 24 bytes a pair and what is free of the table.
 * Open addressing, linear probing; the pairs of one digest lie near each other.
 */
export class DigestPairs {
  #cells: Uint32Array;
  #slots: number;
  #size = 0;
  readonly #seed: number;

  /** @param init.seed 32 bits that peers do not know, against digests that are made to collide */
  constructor(init: { readonly seed: number; readonly expectedPairs?: number }) {
    this.#seed = init.seed;
    this.#slots = Math.max(MIN_SLOTS, Math.ceil((init.expectedPairs ?? 0) / MAX_LOAD));
    this.#cells = new Uint32Array(this.#slots * WORDS);
  }

  get size(): number {
    return this.#size;
  }

  get slotCount(): number {
    return this.#slots;
  }

  get sizeBytes(): number {
    return this.#cells.byteLength;
  }

  /** False when the pair is there already, or has no room near its place. */
  add(digest: PathDigest, value: number): boolean {
    if (this.#size + 1 > this.#slots * MAX_LOAD) this.#grow();
    return this.#insert(wordsOf(digest, value));
  }

  has(digest: PathDigest, value: number): boolean {
    return this.#find(wordsOf(digest, value)) >= 0;
  }

  delete(digest: PathDigest, value: number): boolean {
    const slot = this.#find(wordsOf(digest, value));
    if (slot >= 0) this.#remove(slot);
    return slot >= 0;
  }

  /** All values of a digest, in the order in which they came. */
  values(digest: PathDigest): number[] {
    const words = wordsOf(digest, 0);
    const found: number[] = [];
    let slot = this.#home(words, 0);
    for (let probes = 0; probes < MAX_PROBES && !this.#isEmpty(slot); probes++) {
      if (this.#isDigestAt(slot, words)) found.push(this.#valueAt(slot));
      slot = this.#next(slot);
    }
    return found;
  }

  /** Every pair once, in no particular order; the table must not change meanwhile. */
  *entries(): Generator<readonly [digest: PathDigest, value: number]> {
    for (let slot = 0; slot < this.#slots; slot++) {
      if (!this.#isEmpty(slot)) yield [this.#digestAt(slot), this.#valueAt(slot)];
    }
  }

  /** Removes what `isKept` refuses of the slots from `start` to `end` (exclusive), so that a large table can be swept in parts. */
  sweep(start: number, end: number, isKept: (firstWord: number, value: number) => boolean): void {
    for (let slot = start; slot < Math.min(end, this.#slots); slot++) {
      // Removing moves a later pair here, which is looked at next.
      while (!(this.#isEmpty(slot) || isKept(this.#cells[slot * WORDS] ?? 0, this.#valueAt(slot)))) this.#remove(slot);
    }
  }

  #insert(words: Uint32Array): boolean {
    let slot = this.#home(words, 0);
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      if (this.#isEmpty(slot)) {
        this.#cells.set(words, slot * WORDS);
        this.#size++;
        return true;
      }
      if (this.#isPairAt(slot, words)) return false;
      slot = this.#next(slot);
    }
    return false;
  }

  #find(words: Uint32Array): number {
    let slot = this.#home(words, 0);
    for (let probes = 0; probes < MAX_PROBES && !this.#isEmpty(slot); probes++) {
      if (this.#isPairAt(slot, words)) return slot;
      slot = this.#next(slot);
    }
    return -1;
  }

  /** Closes the gap: every pair after it that may lie nearer to its place does (Knuth, volume 3, algorithm 6.4 R). */
  #remove(slot: number): void {
    let gap = slot;
    for (let at = this.#next(gap); !this.#isEmpty(at); at = this.#next(at)) {
      const home = this.#home(this.#cells, at * WORDS);
      const staysReachable = gap <= at ? gap < home && home <= at : gap < home || home <= at;
      if (staysReachable) continue;
      this.#cells.copyWithin(gap * WORDS, at * WORDS, (at + 1) * WORDS);
      gap = at;
    }
    this.#cells.fill(0, gap * WORDS, (gap + 1) * WORDS);
    this.#size--;
  }

  #grow(): void {
    const old = this.#cells;
    // From an empty slot on: pairs of one digest that lie over the end of the table keep their order.
    let start = 0;
    while (!this.#isEmpty(start)) start++;
    const rotated = [old.subarray(start * WORDS), old.subarray(0, start * WORDS)];
    this.#slots = Math.ceil(this.#slots * GROWTH);
    this.#cells = new Uint32Array(this.#slots * WORDS);
    this.#size = 0;
    for (const part of rotated) {
      for (let offset = 0; offset < part.length; offset += WORDS) {
        if (part[offset + VALUE] !== 0) this.#insert(part.subarray(offset, offset + WORDS));
      }
    }
  }

  #home(words: Uint32Array, offset: number): number {
    let mixed = this.#seed;
    for (let word = 0; word < VALUE; word++) {
      mixed = Math.imul(mixed ^ (words[offset + word] ?? 0), 0x9e3779b1);
      mixed ^= mixed >>> 15;
    }
    return (mixed >>> 0) % this.#slots;
  }

  #next(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1;
  }

  #isEmpty(slot: number): boolean {
    return this.#cells[slot * WORDS + VALUE] === 0;
  }

  #valueAt(slot: number): number {
    return (this.#cells[slot * WORDS + VALUE] ?? 0) - 1;
  }

  #isDigestAt(slot: number, words: Uint32Array): boolean {
    const offset = slot * WORDS;
    for (let word = 0; word < VALUE; word++) {
      if (this.#cells[offset + word] !== words[word]) return false;
    }
    return true;
  }

  #isPairAt(slot: number, words: Uint32Array): boolean {
    return this.#cells[slot * WORDS + VALUE] === words[VALUE] && this.#isDigestAt(slot, words);
  }

  #digestAt(slot: number): PathDigest {
    const digest = new Uint8Array(DIGEST_BYTES);
    const view = new DataView(digest.buffer);
    for (let word = 0; word < VALUE; word++) view.setUint32(word * 4, this.#cells[slot * WORDS + word] ?? 0, true);
    return digest as PathDigest;
  }
}

function wordsOf(digest: PathDigest, value: number): Uint32Array {
  const words = new Uint32Array(WORDS);
  for (let word = 0; word < VALUE; word++) words[word] = wordAt(digest, word * 4);
  words[VALUE] = value + 1;
  return words;
}
