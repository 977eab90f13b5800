import { toNiphasError } from "@niphas/core";
import { Wakers } from "./wakers.ts";

/** Bytes that are being written to a file: until that is done they are here. */
export class UnwrittenPieces {
  readonly #pieces = new Map<number, Uint8Array>();
  readonly #changes = new Wakers();
  #sizeBytes = 0;
  #running = 0;
  #failure: Error | undefined;

  /** Begins to write; a piece that could not be written stays. */
  add(start: number, bytes: Uint8Array, write: () => Promise<void>): void {
    this.#pieces.set(start, bytes);
    this.#sizeBytes += bytes.length;
    this.#running++;
    const written = (): void => {
      this.#pieces.delete(start);
      this.#sizeBytes -= bytes.length;
    };
    const failed = (error: unknown): void => {
      this.#failure ??= toNiphasError(error);
    };
    void write()
      .then(written, failed)
      .finally(() => {
        this.#running--;
        this.#changes.wake();
      });
  }

  /** Waits until there are no more than so many bytes. @throws NiphasError DiskFull, StoreUnavailable when a piece failed */
  async until(maxBytes: number): Promise<void> {
    await this.#changes.until(() => {
      if (this.#failure !== undefined) throw this.#failure;
      return this.#sizeBytes <= maxBytes;
    });
  }

  /** Waits until nothing is under way. Never fails. */
  async settled(): Promise<void> {
    await this.#changes.until(() => this.#running === 0);
  }

  /** What there is from `start` on, before `end`, in one piece. */
  find(start: number, end: number): Uint8Array | undefined {
    for (const [at, bytes] of this.#pieces) {
      if (at <= start && start < at + bytes.length) return bytes.subarray(start - at, end - at);
    }
    return undefined;
  }

  /** Where the first piece after `start` begins; at most `end`. */
  nextAfter(start: number, end: number): number {
    return Math.min(end, ...[...this.#pieces.keys()].filter((at) => at > start));
  }
}
