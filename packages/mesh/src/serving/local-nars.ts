import type { NarInfo } from "@niphas/core";
import type { ByteRange, CacheFile, LocalStore } from "../ports.ts";
import type { NarSource } from "../substituter/ports.ts";
import { verifiedNar } from "../substituter/verified-nar.ts";
import { pathHashOf } from "../upstream/path-hash.ts";

export interface LocalNarsComponents {
  readonly store: Pick<LocalStore, "pathInfo" | "nar">;
  /** Asked for what is not here. */
  readonly others: NarSource;
  /** Hears of bytes that were given. */
  readonly onBytes: (sizeBytes: number) => void;
}

/** NARs of paths that are valid on this node already, which another store of it may want; verified like all others. */
export class LocalNars implements NarSource {
  readonly #components: LocalNarsComponents;

  constructor(components: LocalNarsComponents) {
    this.#components = components;
  }

  async open(info: NarInfo, range: ByteRange, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    if (!this.#isHere(info)) return await this.#components.others.open(info, range, signal);
    const whole = this.#components.store.nar(info.path, { start: 0, end: info.narSizeBytes }, signal);
    return this.#counted(verifiedNar(whole, info, range));
  }

  async compressed(
    info: NarInfo,
    compression: string,
    start: number,
    signal: AbortSignal,
  ): Promise<CacheFile | undefined> {
    return await this.#components.others.compressed(info, compression, start, signal);
  }

  async *#counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const bytes of body) {
      this.#components.onBytes(bytes.byteLength);
      yield bytes;
    }
  }

  #isHere(info: NarInfo): boolean {
    try {
      return this.#components.store.pathInfo(pathHashOf(info.path))?.narHash === info.narHash;
    } catch {
      return false;
    }
  }
}
