import { isNiphasError, type NarInfo } from "@niphas/core";
import type { ByteRange, CacheFile } from "../../ports.ts";
import type { NarSource } from "../../substituter/ports.ts";
import { wantedNarOf } from "../../upstream/wanted-nar.ts";
import type { Transfers } from "../download/transfers.ts";
import type { UpstreamNars, WantedNar } from "../ports.ts";
import type { NarSpool } from "../spool/nar-spool.ts";

export interface NixSourceComponents {
  readonly transfers: Transfers;
  readonly upstream: UpstreamNars;
}

/** Each attempt rules out the peer that spoilt the one before. */
const MAX_ATTEMPTS = 4;

/** What Nix gets: NARs from peers and binary caches, verified. */
export class NixSource implements NarSource {
  readonly #components: NixSourceComponents;

  constructor(components: NixSourceComponents) {
    this.#components = components;
  }

  /** Nothing begins before the first byte is asked for, and nothing is left when the reading ends. */
  async open(info: NarInfo, range: ByteRange, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#read(wantedNarOf(info), range, signal);
  }

  async compressed(
    info: NarInfo,
    compression: string,
    start: number,
    signal: AbortSignal,
  ): Promise<CacheFile | undefined> {
    return await this.#components.upstream.compressedNar({ ...info, compression }, start, signal);
  }

  /** A NAR that turns out bad before Nix has a byte of it is got anew, unnoticed. */
  async *#read(wanted: WantedNar, range: ByteRange, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    for (let attempt = 1; ; attempt++) {
      let hasGiven = false;
      using lease = await this.#components.transfers.open(wanted, signal);
      try {
        for await (const bytes of lease.spool.readVerified(range, signal)) {
          hasGiven = true;
          yield bytes;
        }
        return;
      } catch (error) {
        if (hasGiven || attempt === MAX_ATTEMPTS || !this.#isWorthAnotherTry(error, lease.spool)) throw error;
      }
    }
  }

  /** One binary cache alone would give the same wrong bytes again. */
  #isWorthAnotherTry(error: unknown, { segments, wanted }: NarSpool): boolean {
    const hasPeers = segments.sources.some((source) => source !== "upstream");
    const isBad = isNiphasError(error) && error.code === "BadBytes";
    return isBad && (hasPeers || this.#components.upstream.hasOther(wanted));
  }
}
