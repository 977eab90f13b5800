interface Piece {
  /** Whose it is. */
  readonly owner: object;
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** What has been written to files last, all NARs together: who reads close behind does not need the file. */
export class RecentPieces {
  readonly #maxBytes: number;
  /** The oldest first. */
  #pieces: Piece[] = [];
  #sizeBytes = 0;

  constructor(init: { readonly maxBytes: number }) {
    this.#maxBytes = init.maxBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The oldest ones make room for it. */
  add(piece: Piece): void {
    this.#pieces.push(piece);
    this.#sizeBytes += costOf(piece);
    while (this.#sizeBytes > this.#maxBytes) {
      const oldest = this.#pieces.shift();
      if (oldest === undefined) return;
      this.#sizeBytes -= costOf(oldest);
    }
  }

  /** What there is from `start` on, before `end`, in one piece. */
  find(owner: object, start: number, end: number): Uint8Array | undefined {
    const isIt = (piece: Piece): boolean =>
      piece.owner === owner && piece.start <= start && start < piece.start + piece.bytes.length;
    const found = this.#pieces.find(isIt);
    return found?.bytes.subarray(start - found.start, end - found.start);
  }

  /** All that there is of this owner. */
  drop(owner: object): void {
    this.#pieces = this.#pieces.filter((piece) => piece.owner !== owner);
    this.#sizeBytes = this.#pieces.reduce((sum, piece) => sum + costOf(piece), 0);
  }
}

/** What keeps small pieces from costing more than their bytes. */
const OVERHEAD_BYTES = 256;

function costOf({ bytes }: Piece): number {
  return bytes.length + OVERHEAD_BYTES;
}
