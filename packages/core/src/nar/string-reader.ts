import { NiphasError } from "../errors.ts";
import { LENGTH_BYTES, MAX_TARGET_BYTES, paddingBytes } from "./grammar.ts";

const MAX_HIGH_WORD = 2 ** 21;

/** The piece that was asked for, and where the chunk goes on after it. */
export interface Piece {
  readonly bytes: Buffer | undefined;
  readonly next: number;
}

/**
 * Puts the short strings of a NAR together from chunks that are cut anywhere. Holds at most one of them.
 * Throws NiphasError BadBytes for a string that is longer than allowed, and for padding other than zeros.
 */
export class StringReader {
  readonly #held = Buffer.alloc(LENGTH_BYTES + MAX_TARGET_BYTES + LENGTH_BYTES);
  #heldBytes = 0;

  get isEmpty(): boolean {
    return this.#heldBytes === 0;
  }

  /** A string of at most `maxBytes`; `bytes` is undefined until it is complete, and good until the next call. */
  string(chunk: Uint8Array, at: number, maxBytes: number): Piece {
    const start = this.#take(chunk, at, LENGTH_BYTES);
    if (this.#heldBytes < LENGTH_BYTES) return { bytes: undefined, next: start };
    const length = readLength(this.#held);
    if (length > maxBytes) throw new NiphasError("BadBytes", "the NAR has a string that is longer than can be");
    const total = LENGTH_BYTES + length + paddingBytes(length);
    const next = this.#take(chunk, start, total);
    if (this.#heldBytes < total) return { bytes: undefined, next };
    assertZeros(this.#held.subarray(LENGTH_BYTES + length, total));
    this.#heldBytes = 0;
    return { bytes: this.#held.subarray(LENGTH_BYTES, LENGTH_BYTES + length), next };
  }

  /** Exactly `sizeBytes` bytes, at most 8. */
  bytes(chunk: Uint8Array, at: number, sizeBytes: number): Piece {
    const next = this.#take(chunk, at, sizeBytes);
    if (this.#heldBytes < sizeBytes) return { bytes: undefined, next };
    this.#heldBytes = 0;
    return { bytes: this.#held.subarray(0, sizeBytes), next };
  }

  /** Holds up to `total` bytes. @returns where the chunk goes on */
  #take(chunk: Uint8Array, at: number, total: number): number {
    const count = Math.min(total - this.#heldBytes, chunk.length - at);
    if (count <= 0) return at;
    this.#held.set(chunk.subarray(at, at + count), this.#heldBytes);
    this.#heldBytes += count;
    return at + count;
  }
}

/** @throws NiphasError BadBytes from 2^53 on */
export function readLength(bytes: Buffer): number {
  const high = bytes.readUInt32LE(4);
  if (high >= MAX_HIGH_WORD) throw new NiphasError("BadBytes", "the NAR has a size above 2^53 bytes");
  return high * 2 ** 32 + bytes.readUInt32LE(0);
}

export function assertZeros(padding: Uint8Array): void {
  if (padding.some((byte) => byte !== 0)) {
    throw new NiphasError("BadBytes", "the NAR has other bytes than zeros where it is padded");
  }
}
