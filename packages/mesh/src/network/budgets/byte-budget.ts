/** Bytes that all peers together may make us hold for one purpose. */
export class ByteBudget {
  #freeBytes: number;

  constructor(sizeBytes: number) {
    this.#freeBytes = sizeBytes;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** False, and nothing is taken, when they are not there. */
  tryTake(sizeBytes: number): boolean {
    if (sizeBytes > this.#freeBytes) return false;
    this.#freeBytes -= sizeBytes;
    return true;
  }

  giveBack(sizeBytes: number): void {
    this.#freeBytes += sizeBytes;
  }
}
