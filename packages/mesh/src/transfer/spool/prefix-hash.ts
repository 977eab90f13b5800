import { createHash } from "node:crypto";
import { SPOOL_LIMITS } from "../limits.ts";
import type { Extents } from "./extents.ts";
import type { SpoolBytes } from "./spool-bytes.ts";

/** The sha256 of a NAR's beginning, as far as there are bytes without a hole. */
export class PrefixHash {
  readonly #bytes: SpoolBytes;
  readonly #written: Extents;
  readonly #hash = createHash("sha256");
  #hashedBytes = 0;
  #isCatchingUp = false;

  constructor(components: { readonly bytes: SpoolBytes; readonly written: Extents }) {
    this.#bytes = components.bytes;
    this.#written = components.written;
  }

  get hashedBytes(): number {
    return this.#hashedBytes;
  }

  /** These have just been written. In order they need not be read back. */
  add(start: number, bytes: Uint8Array): void {
    if (this.#isCatchingUp || start !== this.#hashedBytes) return;
    this.#hash.update(bytes);
    this.#hashedBytes += bytes.length;
  }

  /** Whether bytes that came out of order can be hashed now, and nobody does. */
  get isBehind(): boolean {
    return !this.#isCatchingUp && this.#written.endFrom(this.#hashedBytes) > this.#hashedBytes;
  }

  /** @param onStep after each piece @throws what reading throws */
  async catchUp(onStep: () => void): Promise<void> {
    this.#isCatchingUp = true;
    try {
      for (let end = this.#end(); end > this.#hashedBytes; end = this.#end()) {
        const piece = await this.#bytes.read(this.#hashedBytes, end);
        this.#hash.update(piece);
        this.#hashedBytes += piece.length;
        onStep();
      }
    } finally {
      this.#isCatchingUp = false;
    }
  }

  /** Once, of all of it. */
  digest(): Buffer {
    return this.#hash.digest();
  }

  #end(): number {
    return Math.min(this.#written.endFrom(this.#hashedBytes), this.#hashedBytes + SPOOL_LIMITS.pieceBytes);
  }
}
