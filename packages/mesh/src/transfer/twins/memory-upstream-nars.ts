import { NiphasError, untilAborted } from "@niphas/core";
import type { CacheFile, NarBytes } from "../../ports.ts";
import type { UpstreamNars, WantedNar } from "../ports.ts";

export type UpstreamConduct = "honest" | "failing" | "stalling" | "lying" | "truncating";

/** The binary caches in memory. */
export class MemoryUpstreamNars implements UpstreamNars {
  readonly nars = new Map<string, Uint8Array>();
  conduct: UpstreamConduct = "honest";
  /** The bytes from which NARs were asked for. */
  readonly starts: number[] = [];
  openBodies = 0;
  /** Paths of NARs that were said to be wrong. */
  readonly accused: string[] = [];
  /** Whether there is another cache, an honest one, that takes the place of one that was accused. */
  hasHonestOther = false;
  readonly #pieceBytes: number;

  constructor(init: { readonly pieceBytes?: number } = {}) {
    this.#pieceBytes = init.pieceBytes ?? 64 * 1024;
  }

  accuse({ path }: WantedNar): void {
    this.accused.push(path);
    if (this.hasHonestOther) this.conduct = "honest";
  }

  hasOther(): boolean {
    return this.hasHonestOther;
  }

  nar({ path }: WantedNar, start: number, signal: AbortSignal): NarBytes {
    this.starts.push(start);
    return { body: this.#body(path, start, signal), transferredBytes: () => 0 };
  }

  async compressedNar(): Promise<CacheFile | undefined> {
    return undefined;
  }

  async *#body(path: string, from: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    this.openBodies++;
    try {
      const nar = this.nars.get(path);
      if (nar === undefined) throw new NiphasError("PathNotFound", "no binary cache has it");
      if (this.conduct === "failing") throw new NiphasError("SubstituterUnavailable", "the binary caches are down");
      for (let start = from; start < nar.length; start += this.#pieceBytes) {
        signal.throwIfAborted();
        if (this.conduct === "stalling") await untilAborted(Promise.withResolvers<void>().promise, signal);
        if (this.conduct === "truncating" && start > nar.length / 2) return;
        const piece = Buffer.from(nar.subarray(start, start + this.#pieceBytes));
        if (this.conduct === "lying" && start === from) piece[0] = (piece[0] ?? 0) ^ 1;
        yield piece;
      }
    } finally {
      this.openBodies--;
    }
  }
}
