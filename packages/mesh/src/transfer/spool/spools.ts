import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { toNiphasError } from "@niphas/core";
import type { DiskSpace } from "@niphas/nix";
import { SPOOL_LIMITS } from "../limits.ts";
import type { WantedNar } from "../ports.ts";
import { Budget, noRoom } from "./budget.ts";
import { FileBytes } from "./file-bytes.ts";
import { MemoryBytes } from "./memory-bytes.ts";
import { NarSpool } from "./nar-spool.ts";
import { RecentPieces } from "./recent-pieces.ts";
import type { SpoolBytes } from "./spool-bytes.ts";

export interface SpoolsComponents {
  /** Of the file system of the spool's directory. */
  readonly diskSpace: (directory: string) => Pick<DiskSpace, "freeBytes" | "freeBytesRatio">;
}

export interface SpoolsInit {
  /** `<state directory>/spool`: ours alone, emptied at start. */
  readonly directory: string;
  /** All NARs in files. @default 4 GiB */
  readonly diskBytes?: number;
  /** All NARs in memory. @default 40 MiB */
  readonly memoryBytes?: number;
  /** As of `NarSpoolInit`. */
  readonly holdBackMs?: number;
}

/** Makes room for NARs on their way through the daemon: small ones in memory, the others in files. */
export class Spools {
  readonly #components: SpoolsComponents;
  readonly #directory: string;
  readonly #holdBackMs: number | undefined;
  readonly #memory: Budget;
  readonly #disk: Budget;
  readonly #recent = new RecentPieces({ maxBytes: SPOOL_LIMITS.recentBytes });

  constructor(components: SpoolsComponents, init: SpoolsInit) {
    this.#components = components;
    this.#directory = init.directory;
    this.#holdBackMs = init.holdBackMs;
    this.#memory = new Budget(init.memoryBytes ?? SPOOL_LIMITS.memoryBytes);
    this.#disk = new Budget(init.diskBytes ?? SPOOL_LIMITS.defaultDiskBytes);
  }

  /** Room that is taken, in full for NARs that are not here yet. */
  get usedBytes(): { readonly memory: number; readonly disk: number } {
    return { memory: this.#memory.usedBytes, disk: this.#disk.usedBytes };
  }

  /** Makes the directory and removes what a crash has left in it. @throws NiphasError StoreUnavailable, DiskFull */
  async start(): Promise<void> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      for (const name of await readdir(this.#directory)) {
        await rm(join(this.#directory, name), { recursive: true, force: true });
      }
    } catch (error) {
      throw toNiphasError(error);
    }
  }

  /** @throws NiphasError DiskFull when there is no room for all of the NAR, StoreUnavailable */
  async begin(wanted: WantedNar): Promise<NarSpool> {
    return new NarSpool({ bytes: await this.#makeRoom(wanted.narSizeBytes) }, { wanted, holdBackMs: this.#holdBackMs });
  }

  async #makeRoom(sizeBytes: number): Promise<SpoolBytes> {
    const memory = sizeBytes <= SPOOL_LIMITS.maxMemoryNarBytes ? this.#memory.tryTake(sizeBytes) : undefined;
    if (memory !== undefined) return new MemoryBytes({ sizeBytes, onClose: () => memory[Symbol.dispose]() });
    const disk = this.#isDiskFree(sizeBytes) ? this.#disk.tryTake(sizeBytes) : undefined;
    if (disk === undefined) throw noRoom(sizeBytes);
    try {
      const init = { directory: this.#directory, onClose: () => disk[Symbol.dispose]() };
      return await FileBytes.create({ recent: this.#recent }, init);
    } catch (error) {
      disk[Symbol.dispose]();
      throw error;
    }
  }

  /** What others have taken counts as if it were not written yet: no NAR is to break off for want of room. */
  #isDiskFree(sizeBytes: number): boolean {
    const { freeBytes, freeBytesRatio } = this.#components.diskSpace(this.#directory);
    const keepBytes = freeBytesRatio > 0 ? (freeBytes / freeBytesRatio) * SPOOL_LIMITS.minFreeRatio : freeBytes;
    return freeBytes - this.#disk.usedBytes - sizeBytes >= keepBytes;
  }
}
