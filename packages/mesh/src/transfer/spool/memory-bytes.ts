import { SPOOL_LIMITS } from "../limits.ts";
import type { SpoolBytes } from "./spool-bytes.ts";

/** A NAR in one buffer. */
export class MemoryBytes implements SpoolBytes {
  readonly #buffer: Buffer;
  readonly #onClose: () => void;

  constructor(init: { readonly sizeBytes: number; readonly onClose: () => void }) {
    this.#buffer = Buffer.allocUnsafeSlow(init.sizeBytes);
    this.#onClose = init.onClose;
  }

  async write(start: number, bytes: Uint8Array): Promise<void> {
    this.#buffer.set(bytes, start);
  }

  /** Without a copy: whoever reads slowly holds a place among the spool's readers, and so its memory is counted. */
  async read(start: number, end: number): Promise<Uint8Array> {
    return this.#buffer.subarray(start, Math.min(end, start + SPOOL_LIMITS.pieceBytes));
  }

  async close(): Promise<void> {
    this.#onClose();
  }
}
