import type { ByteRange } from "../../ports.ts";
import { DOWNLOAD_LIMITS } from "../limits.ts";

/** A range that one source is giving. Its end comes nearer when a part is stolen. */
export interface ActiveRange {
  /** The next byte that is wanted. */
  position: number;
  end: number;
  /** How fast it comes; undefined while nobody knows. */
  bytesPerMs: () => number | undefined;
}

/** Which part is to be taken. */
export interface PartWish {
  /** As `Math.random`. */
  readonly random: () => number;
  /** What the peer has. @default everything */
  readonly within?: readonly ByteRange[] | undefined;
  /** How many are known to have the part that the byte is in. */
  readonly copiesOf: (position: number) => number;
}

/** What of a NAR is still to be got: ranges that wait, in order, and ranges that somebody works on. */
export class RangeWork {
  readonly #sizeBytes: number;
  /** Each within one part. */
  #waiting: readonly ByteRange[];
  readonly #active = new Set<ActiveRange>();

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#waiting = inParts({ start: 0, end: sizeBytes }, this.partBytes);
  }

  get isDone(): boolean {
    return this.#waiting.length === 0 && this.#active.size === 0;
  }

  /** Somebody works on a part of it. */
  get isActive(): boolean {
    return this.#active.size > 0;
  }

  /** There is something for one source more. */
  get hasMore(): boolean {
    if (this.#waiting.length > 0) return true;
    return [...this.#active].some(({ position, end }) => end - position >= DOWNLOAD_LIMITS.minStealBytes);
  }

  /** It is large enough for many sources. */
  get isDivided(): boolean {
    return this.#sizeBytes > DOWNLOAD_LIMITS.splitAboveBytes;
  }

  /** The size of a range for one of many sources. */
  get partBytes(): number {
    return this.isDivided ? DOWNLOAD_LIMITS.rangeBytes : this.#sizeBytes;
  }

  /** The first range that waits, at most `maxBytes` of it. */
  take(maxBytes: number): ActiveRange | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    let { end } = first;
    for (const next of this.#waiting) if (next.start === end) ({ end } = next);
    const range = { start: first.start, end: Math.min(first.start + maxBytes, end) };
    this.#waiting = this.#waiting.flatMap((part) => without(part, range));
    return this.#begin(range.start, range.end);
  }

  /**
   * The next part for one of many peers: the first missing one when nobody works on it, since Nix waits for it; then one
   * that the fewest are known to have, any of these, so that nodes that get the same NAR at once have different parts to
   * give each other.
   */
  takePart(wish: PartWish): ActiveRange | undefined {
    return this.#takeOut(this.#choose(wish));
  }

  /** Whether a part of these ranges waits. */
  hasWithin(ranges: readonly ByteRange[]): boolean {
    return this.#parts(ranges).length > 0;
  }

  /** Half of what is left of the range that would take longest; undefined when none is worth it. */
  steal(): ActiveRange | undefined {
    const worthIt = [...this.#active].filter(({ position, end }) => end - position >= DOWNLOAD_LIMITS.minStealBytes);
    const expectedMs = ({ position, end, bytesPerMs }: ActiveRange): number => (end - position) / (bytesPerMs() ?? 1);
    const [slowest] = worthIt.toSorted((left, right) => expectedMs(right) - expectedMs(left));
    if (slowest === undefined) return undefined;
    const middle = Math.ceil((slowest.position + slowest.end) / 2);
    const { end } = slowest;
    slowest.end = middle;
    return this.#begin(middle, end);
  }

  /** Nobody works on it any more; what is left of it waits. */
  giveBack(range: ActiveRange): void {
    if (!this.#active.delete(range) || range.position >= range.end) return;
    const left = inParts({ start: range.position, end: range.end }, this.partBytes);
    const all = [...this.#waiting, ...left].sort((one, other) => one.start - other.start);
    this.#waiting = joined(all, this.partBytes);
  }

  #choose({ random, within, copiesOf }: PartWish): ByteRange | undefined {
    const parts = this.#parts(within);
    const [first] = parts;
    if (first === undefined || !this.isDivided || first.start === this.#missingFrom) return first;
    let rarest: ByteRange | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    let count = 0;
    for (const part of parts) {
      const copies = copiesOf(part.start);
      if (copies > fewest) continue;
      if (copies < fewest) count = 0;
      fewest = copies;
      // Each of those that are equally rare is as likely (reservoir sampling).
      if (random() * ++count < 1) rarest = part;
    }
    return rarest;
  }

  /** What waits, of these ranges only if there are any, in order. */
  #parts(within: readonly ByteRange[] | undefined): readonly ByteRange[] {
    return within === undefined ? this.#waiting : commonParts(this.#waiting, within);
  }

  get #missingFrom(): number {
    const starts = [...this.#active].map(({ position }) => position);
    return Math.min(this.#waiting[0]?.start ?? this.#sizeBytes, ...starts);
  }

  /** @param part of one that waits */
  #takeOut(part: ByteRange | undefined): ActiveRange | undefined {
    if (part === undefined) return undefined;
    const index = this.#waiting.findIndex(({ end }) => end > part.start);
    const whole = this.#waiting[index];
    if (whole !== undefined) this.#waiting = this.#waiting.toSpliced(index, 1, ...without(whole, part));
    return this.#begin(part.start, part.end);
  }

  #begin(position: number, end: number): ActiveRange {
    const range: ActiveRange = { position, end, bytesPerMs: () => undefined };
    this.#active.add(range);
    return range;
  }
}

function joined(ranges: readonly ByteRange[], partBytes: number): readonly ByteRange[] {
  const result: ByteRange[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    const isSamePart = last?.end === range.start && range.start % partBytes !== 0;
    if (last !== undefined && isSamePart) result[result.length - 1] = { start: last.start, end: range.end };
    else result.push(range);
  }
  return result;
}

/** Cut where every node cuts. */
function inParts({ start, end }: ByteRange, partBytes: number): readonly ByteRange[] {
  const parts: ByteRange[] = [];
  for (let from = start; from < end; ) {
    const to = Math.min(end, (Math.floor(from / partBytes) + 1) * partBytes);
    parts.push({ start: from, end: to });
    from = to;
  }
  return parts;
}

/** The most of each part that is in one of the ranges, unless that is too little. Both are in order. */
function commonParts(parts: readonly ByteRange[], ranges: readonly ByteRange[]): readonly ByteRange[] {
  const found: ByteRange[] = [];
  let next = 0;
  for (const part of parts) {
    while ((ranges[next]?.end ?? Number.POSITIVE_INFINITY) <= part.start) next++;
    let most: ByteRange = { start: part.start, end: part.start };
    for (let index = next; (ranges[index]?.start ?? part.end) < part.end; index++) {
      const common = intersection(part, ranges[index] ?? most);
      if (common.end - common.start > most.end - most.start) most = common;
    }
    const sizeBytes = most.end - most.start;
    if (sizeBytes >= Math.min(part.end - part.start, DOWNLOAD_LIMITS.minPieceBytes)) found.push(most);
  }
  return found;
}

function intersection(a: ByteRange, b: ByteRange): ByteRange {
  return { start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) };
}

function without(range: ByteRange, part: ByteRange): readonly ByteRange[] {
  if (part.start >= range.end || part.end <= range.start) return [range];
  const left = [
    { start: range.start, end: part.start },
    { start: part.end, end: range.end },
  ];
  return left.filter(({ start, end }) => end > start);
}
