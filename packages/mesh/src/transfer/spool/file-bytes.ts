import { randomUUID } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { NiphasError, toNiphasError } from "@niphas/core";
import { SPOOL_LIMITS } from "../limits.ts";
import type { RecentPieces } from "./recent-pieces.ts";
import type { SpoolBytes } from "./spool-bytes.ts";
import { UnwrittenPieces } from "./unwritten-pieces.ts";

const OWNER_ONLY = 0o600;

/**
 * A NAR in a file that has no name from the start: the kernel removes it with the last descriptor, also after a crash.
 * Who writes need not wait for the disk, and who reads close behind gets what is still in memory.
 */
export class FileBytes implements SpoolBytes {
  readonly #file: FileHandle;
  readonly #recent: RecentPieces;
  readonly #unwritten = new UnwrittenPieces();
  readonly #onClose: () => void;

  private constructor(file: FileHandle, recent: RecentPieces, onClose: () => void) {
    this.#file = file;
    this.#recent = recent;
    this.#onClose = onClose;
  }

  /** @throws NiphasError DiskFull, StoreUnavailable; `onClose` is not called then */
  static async create(
    components: { readonly recent: RecentPieces },
    init: { readonly directory: string; readonly onClose: () => void },
  ): Promise<FileBytes> {
    const name = join(init.directory, randomUUID());
    try {
      await using stack = new AsyncDisposableStack();
      const file = stack.use(await open(name, "wx+", OWNER_ONLY));
      await unlink(name);
      stack.move();
      return new FileBytes(file, components.recent, init.onClose);
    } catch (error) {
      throw toNiphasError(error);
    }
  }

  async write(start: number, bytes: Uint8Array): Promise<void> {
    const own = owned(bytes);
    this.#recent.add({ owner: this, start, bytes: own });
    this.#unwritten.add(start, own, () => this.#writeAll(start, own));
    await this.#unwritten.until(SPOOL_LIMITS.unwrittenBytes);
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const last = Math.min(end, start + SPOOL_LIMITS.pieceBytes);
    const inMemory = this.#recent.find(this, start, last) ?? this.#unwritten.find(start, last);
    return inMemory ?? (await this.#readAll(start, this.#unwritten.nextAfter(start, last)));
  }

  async close(): Promise<void> {
    try {
      this.#recent.drop(this);
      await this.#unwritten.settled();
      await this.#file.close();
    } finally {
      this.#onClose();
    }
  }

  async #writeAll(start: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, start + done);
      done += bytesWritten;
    }
  }

  async #readAll(start: number, end: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(end - start);
    for (let done = 0; done < buffer.length; ) {
      const { bytesRead } = await this.#file.read(buffer, done, buffer.length - done, start + done);
      if (bytesRead === 0) throw new NiphasError("StoreUnavailable", "a file of the spool has lost its end");
      done += bytesRead;
    }
    return buffer;
  }
}

/** A part of a larger buffer would keep all of that in memory, and may be written over. */
function owned(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Buffer.from(bytes);
}
