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

/** What of a NAR is still to be got: ranges that wait, in order, and ranges that somebody works on. */
export class RangeWork {
  readonly #sizeBytes: number;
  #waiting: ByteRange[];
  readonly #active = new Set<ActiveRange>();

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#waiting = [{ start: 0, end: sizeBytes }];
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
    const [first, ...others] = this.#waiting;
    if (first === undefined) return undefined;
    const end = Math.min(first.start + maxBytes, first.end);
    this.#waiting = end === first.end ? others : [{ start: end, end: first.end }, ...others];
    return this.#begin(first.start, end);
  }

  /**
   * The next part for one of many peers: in order as long as it is near the first missing byte, then any one, so that
   * nodes that get the same NAR at once have different parts to give each other.
   */
  takePart(random: () => number): ActiveRange | undefined {
    const [first] = this.#waiting;
    const isNear = first !== undefined && first.start < this.#missingFrom + DOWNLOAD_LIMITS.headBytes;
    if (isNear || !this.isDivided) return this.take(this.partBytes);
    const parts = this.#waiting.flatMap((range) => inParts(range, this.partBytes));
    return this.#takeOut(parts[Math.floor(random() * parts.length)]);
  }

  /** The first part that waits of what a peer has; undefined when none does. */
  takeWithin(ranges: readonly ByteRange[]): ActiveRange | undefined {
    return this.#takeOut(this.#waitingOf(ranges));
  }

  /** Whether there is something for {@link takeWithin}. */
  hasWithin(ranges: readonly ByteRange[]): boolean {
    return this.#waitingOf(ranges) !== undefined;
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
    const all = [...this.#waiting, { start: range.position, end: range.end }];
    this.#waiting = joined(all.toSorted((left, right) => left.start - right.start));
  }

  #waitingOf(ranges: readonly ByteRange[]): ByteRange | undefined {
    for (const waiting of this.#waiting) {
      const found = ranges.find(({ start, end }) => start < waiting.end && end > waiting.start);
      if (found === undefined) continue;
      const start = Math.max(found.start, waiting.start);
      return { start, end: Math.min(found.end, waiting.end, start + this.partBytes) };
    }
    return undefined;
  }

  get #missingFrom(): number {
    const starts = [...this.#active].map(({ position }) => position);
    return Math.min(this.#waiting[0]?.start ?? this.#sizeBytes, ...starts);
  }

  /** @param part of one range that waits */
  #takeOut(part: ByteRange | undefined): ActiveRange | undefined {
    if (part === undefined) return undefined;
    this.#waiting = this.#waiting.flatMap((range) => without(range, part));
    return this.#begin(part.start, part.end);
  }

  #begin(position: number, end: number): ActiveRange {
    const range: ActiveRange = { position, end, bytesPerMs: () => undefined };
    this.#active.add(range);
    return range;
  }
}

function joined(ranges: readonly ByteRange[]): ByteRange[] {
  const result: ByteRange[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last?.end === range.start) result[result.length - 1] = { start: last.start, end: range.end };
    else result.push(range);
  }
  return result;
}

/** Cut where every node cuts. */
function inParts({ start, end }: ByteRange, partBytes: number): readonly ByteRange[] {
  const first = Math.floor(start / partBytes);
  const count = Math.ceil(end / partBytes) - first;
  return Array.from({ length: count }, (_, index) => ({
    start: Math.max(start, (first + index) * partBytes),
    end: Math.min(end, (first + index + 1) * partBytes),
  }));
}

function without(range: ByteRange, part: ByteRange): readonly ByteRange[] {
  if (part.start >= range.end || part.end <= range.start) return [range];
  const left = [
    { start: range.start, end: part.start },
    { start: part.end, end: range.end },
  ];
  return left.filter(({ start, end }) => end > start);
}
