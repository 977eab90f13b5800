/** Numbers of ranges, as bits. */
export class RangeSet {
  readonly #words: Uint32Array;
  #size: number;

  private constructor(words: Uint32Array, size: number) {
    this.#words = words;
    this.#size = size;
  }

  static empty(rangeCount: number): RangeSet {
    return new RangeSet(new Uint32Array(Math.ceil(rangeCount / 32)), 0);
  }

  static full(rangeCount: number): RangeSet {
    const set = RangeSet.empty(rangeCount);
    for (let range = 0; range < rangeCount; range++) set.add(range);
    return set;
  }

  get size(): number {
    return this.#size;
  }

  has(range: number): boolean {
    return ((this.#words[range >>> 5] ?? 0) & (1 << (range & 31))) !== 0;
  }

  add(range: number): void {
    if (this.has(range)) return;
    this.#words[range >>> 5] = (this.#words[range >>> 5] ?? 0) | (1 << (range & 31));
    this.#size++;
  }

  delete(range: number): void {
    if (!this.has(range)) return;
    this.#words[range >>> 5] = (this.#words[range >>> 5] ?? 0) & ~(1 << (range & 31));
    this.#size--;
  }

  copy(): RangeSet {
    return new RangeSet(this.#words.slice(), this.#size);
  }

  intersects(other: RangeSet): boolean {
    for (let word = 0; word < this.#words.length; word++) {
      if (((this.#words[word] ?? 0) & (other.#words[word] ?? 0)) !== 0) return true;
    }
    return false;
  }

  /** In ascending order; only those of `other` too, if it is given. */
  list(other?: RangeSet): number[] {
    const found: number[] = [];
    for (let range = 0; range < this.#words.length * 32; range++) {
      if (this.has(range) && other?.has(range) !== false) found.push(range);
    }
    return found;
  }
}
