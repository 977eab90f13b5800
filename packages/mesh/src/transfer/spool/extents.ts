import type { ByteRange } from "../../ports.ts";

/** Which bytes are there: disjoint ranges that do not touch, in order. */
export class Extents {
  readonly #ranges: ByteRange[] = [];

  /** False, and nothing changes, when a byte of it is there already. */
  add(range: ByteRange): boolean {
    if (range.start >= range.end) return true;
    const found = this.#ranges.findIndex((each) => each.end >= range.start);
    const index = found < 0 ? this.#ranges.length : found;
    const touched = this.#ranges.slice(index).filter((each) => each.start <= range.end);
    if (touched.some((each) => each.start < range.end && each.end > range.start)) return false;
    const start = Math.min(range.start, ...touched.map((each) => each.start));
    const end = Math.max(range.end, ...touched.map((each) => each.end));
    this.#ranges.splice(index, touched.length, { start, end });
    return true;
  }

  /** How far the bytes go without a hole from `position`; `position` itself when there are none. */
  endFrom(position: number): number {
    const found = this.#ranges.find((each) => each.start <= position && position < each.end);
    return found?.end ?? position;
  }

  /** What is there of `range`, in order. */
  within({ start, end }: ByteRange): readonly ByteRange[] {
    const touched = this.#ranges.filter((each) => each.start < end && each.end > start);
    return touched.map((each) => ({ start: Math.max(each.start, start), end: Math.min(each.end, end) }));
  }

  get totalBytes(): number {
    return this.#ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  }
}
