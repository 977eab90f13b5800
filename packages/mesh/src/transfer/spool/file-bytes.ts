import { randomUUID } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { NiphasError, toNiphasError } from "@niphas/core";
import type { SpoolBytes } from "./spool-bytes.ts";

const OWNER_ONLY = 0o600;

/** A NAR in a file that has no name from the start: the kernel removes it with the last descriptor, also after a crash. */
export class FileBytes implements SpoolBytes {
  readonly #file: FileHandle;
  readonly #onClose: () => void;

  private constructor(file: FileHandle, onClose: () => void) {
    this.#file = file;
    this.#onClose = onClose;
  }

  /** @throws NiphasError DiskFull, StoreUnavailable; `onClose` is not called then */
  static async create(init: { readonly directory: string; readonly onClose: () => void }): Promise<FileBytes> {
    const name = join(init.directory, randomUUID());
    try {
      await using stack = new AsyncDisposableStack();
      const file = stack.use(await open(name, "wx+", OWNER_ONLY));
      await unlink(name);
      stack.move();
      return new FileBytes(file, init.onClose);
    } catch (error) {
      throw toNiphasError(error);
    }
  }

  async write(start: number, bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, start + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw toNiphasError(error);
    }
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(end - start);
    for (let done = 0; done < buffer.length; ) {
      const { bytesRead } = await this.#file.read(buffer, done, buffer.length - done, start + done);
      if (bytesRead === 0) throw new NiphasError("StoreUnavailable", "a file of the spool has lost its end");
      done += bytesRead;
    }
    return buffer;
  }

  async close(): Promise<void> {
    try {
      await this.#file.close();
    } finally {
      this.#onClose();
    }
  }
}
