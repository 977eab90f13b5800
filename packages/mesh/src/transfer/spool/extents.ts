import type { ByteRange } from "../../ports.ts";

/** Which bytes are there: disjoint ranges that do not touch, in order. */
export class Extents {
  readonly #ranges: ByteRange[] = [];

  /** False, and nothing changes, when a byte of it is there already. */
  add(range: ByteRange): boolean {
    if (range.start >= range.end) return true;
    const index = this.#firstEndingAt(range.start);
    let { start, end } = range;
    let count = 0;
    for (
      let each = this.#ranges[index];
      each !== undefined && each.start <= range.end;
      each = this.#ranges[index + count]
    ) {
      if (each.start < range.end && each.end > range.start) return false;
      start = Math.min(start, each.start);
      end = Math.max(end, each.end);
      count++;
    }
    this.#ranges.splice(index, count, { start, end });
    return true;
  }

  /** How far the bytes go without a hole from `position`; `position` itself when there are none. */
  endFrom(position: number): number {
    const found = this.#ranges[this.#firstEndingAt(position + 1)];
    return found !== undefined && found.start <= position ? found.end : position;
  }

  /** What is there of `range`, in order. */
  within({ start, end }: ByteRange): readonly ByteRange[] {
    const touched = this.#ranges.filter((each) => each.start < end && each.end > start);
    return touched.map((each) => ({ start: Math.max(each.start, start), end: Math.min(each.end, end) }));
  }

  get totalBytes(): number {
    return this.#ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** The index of the first range that ends there or later. */
  #firstEndingAt(position: number): number {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.end ?? 0) >= position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
