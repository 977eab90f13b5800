import { Transform, type TransformCallback } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

const SLICES_PER_SECOND = 20;

/** Lets at most `bytesPerSecond` through, in twentieths of a second, as long as it is told to. */
export class Throttle extends Transform {
  readonly #sliceBytes: number;
  readonly #isInForce: () => boolean;

  constructor(bytesPerSecond: number, isInForce: () => boolean) {
    super();
    this.#isInForce = isInForce;
    this.#sliceBytes = Math.max(1, Math.floor(bytesPerSecond / SLICES_PER_SECOND));
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#trickle(chunk).then(() => done(), done);
  }

  async #trickle(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0 && !this.destroyed) {
      const slice = this.#isInForce() ? rest.subarray(0, this.#sliceBytes) : rest;
      rest = rest.subarray(slice.length);
      this.push(slice);
      await sleep(1000 / SLICES_PER_SECOND);
    }
  }
}

/** Breaks the connection after `limitBytes`, as a peer that dies does. */
export class Truncate extends Transform {
  #leftBytes: number;

  constructor(limitBytes: number) {
    super();
    this.#leftBytes = limitBytes;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.push(chunk.subarray(0, this.#leftBytes));
    this.#leftBytes -= chunk.length;
    if (this.#leftBytes > 0) done();
    else done(new Error("cut off on purpose"));
  }
}

/** Inverts the byte at `offset`. */
export class CorruptByte extends Transform {
  #position = 0;
  readonly #offset: number;

  constructor(offset: number) {
    super();
    this.#offset = offset;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    const index = this.#offset - this.#position;
    this.#position += chunk.length;
    const bytes = Buffer.from(chunk);
    if (index >= 0 && index < bytes.length) bytes.writeUInt8((bytes.readUInt8(index) ^ 0xff) & 0xff, index);
    done(null, bytes);
  }
}
