import type { ByteRange, PeerId } from "../../ports.ts";

export interface PartCopiesInit {
  readonly sizeBytes: number;
  readonly partBytes: number;
}

/** How many peers have said that they have a part of a NAR, or some of it. */
export class PartCopies {
  readonly #init: PartCopiesInit;
  readonly #counts: number[] = [];
  readonly #offers = new Map<PeerId, readonly ByteRange[]>();

  constructor(init: PartCopiesInit) {
    this.#init = init;
  }

  /** What the peer has now, as it says. */
  offered(peer: PeerId, ranges: readonly ByteRange[]): void {
    this.#count(this.#offers.get(peer) ?? [], -1);
    this.#offers.set(peer, ranges);
    this.#count(ranges, 1);
  }

  /** Of the part with this byte. */
  of(position: number): number {
    return this.#counts[Math.floor(position / this.#init.partBytes)] ?? 0;
  }

  #count(ranges: readonly ByteRange[], by: 1 | -1): void {
    const { sizeBytes, partBytes } = this.#init;
    let uncounted = 0;
    for (const { start, end } of ranges) {
      if (start >= sizeBytes) return;
      const last = Math.floor((Math.min(end, sizeBytes) - 1) / partBytes);
      for (let part = Math.max(Math.floor(start / partBytes), uncounted); part <= last; part++) {
        this.#counts[part] = (this.#counts[part] ?? 0) + by;
        uncounted = part + 1;
      }
    }
  }
}
