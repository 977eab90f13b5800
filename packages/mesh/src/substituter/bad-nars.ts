import type { NarHash } from "@niphas/core";
import { AnswerMemory } from "../upstream/answer-memory.ts";

/** Longer than Nix goes on trying. */
const TTL_MS = 600_000;
const CAPACITY = 4096;

/**
 * NARs that turned out bad on their way to Nix. A client that asks for the rest of one would append good bytes to bad
 * ones; it must start anew.
 */
export class BadNars {
  readonly #memory: AnswerMemory<NarHash, true>;

  constructor(init: { readonly nowMs?: () => number } = {}) {
    this.#memory = new AnswerMemory({ capacity: CAPACITY, nowMs: init.nowMs ?? Date.now });
  }

  add(narHash: NarHash): void {
    this.#memory.set(narHash, true, TTL_MS);
  }

  /** A NAR went through whole and good. */
  delete(narHash: NarHash): void {
    this.#memory.delete(narHash);
  }

  has(narHash: NarHash): boolean {
    return this.#memory.get(narHash) === true;
  }
}
