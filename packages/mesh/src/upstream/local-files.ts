import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join, normalize } from "node:path";
import { systemErrorCode } from "@niphas/core";
import type { CacheFile } from "../ports.ts";
import type { CacheFiles } from "./cache-files.ts";
import { badBytes, UpstreamUnavailable } from "./unavailable.ts";

const CHUNK_BYTES = 256 * 1024;

/** The files of a cache in a directory. */
export class LocalFiles implements CacheFiles {
  readonly name: string;
  readonly #directory: string;

  constructor(init: { readonly name: string; readonly directory: string }) {
    this.name = init.name;
    this.#directory = init.directory;
  }

  async open(file: string, start: number, signal: AbortSignal): Promise<CacheFile | undefined> {
    signal.throwIfAborted();
    const handle = await this.#open(this.#pathOf(file));
    if (handle === undefined) return undefined;
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new UpstreamUnavailable(this.name, "has something else where a file should be");
      if (start > stats.size) throw badBytes(this.name, "a file is shorter than its narinfo says");
      return {
        totalSizeBytes: stats.size,
        startsAt: start,
        contentEncoding: undefined,
        body: this.#read(handle, start, signal),
        [Symbol.asyncDispose]: async () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is kept open between files.
  }

  #pathOf(file: string): string {
    const path = normalize(file.split("?")[0] ?? "");
    const isInside = !path.startsWith("/") && !path.startsWith("..") && !path.includes("\0");
    if (!isInside || /^[a-z][a-z0-9+.-]*:/i.test(file))
      throw badBytes(this.name, "a narinfo names a NAR outside the cache");
    return join(this.#directory, path);
  }

  async #open(path: string): Promise<FileHandle | undefined> {
    try {
      // A named pipe would hold us up for ever.
      return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (cause) {
      const code = systemErrorCode(cause);
      if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
      throw new UpstreamUnavailable(this.name, `cannot be read (${code})`, { cause });
    }
  }

  async *#read(handle: FileHandle, start: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let position = start; ; ) {
        signal.throwIfAborted();
        const { bytesRead, buffer } = await handle
          .read(Buffer.allocUnsafeSlow(CHUNK_BYTES), 0, CHUNK_BYTES, position)
          .catch((cause: unknown) => {
            throw new UpstreamUnavailable(this.name, `cannot be read (${systemErrorCode(cause)})`, { cause });
          });
        if (bytesRead === 0) return;
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }
}
