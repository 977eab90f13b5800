/** What Nix has got pays for time: half a MiB for a second. Small files can take it no faster on a slow disk. */
const BYTES_PER_MS = (512 * 1024) / 1000;
/** An answer to a question about a path pays for so long. */
const ANSWER_MS = 10;

export interface PatienceInit {
  /** How long Nix may have waited for nothing. @default 1_200 */
  readonly limitMs?: number;
}

/** What is left of 2 s when Nix is killed (200 ms) and started again. */
export const PATIENCE_MS = 1_200;

/**
 * How long one realisation still waits for the mesh. Waiting takes from it; only what Nix itself has got gives back, never
 * more than was taken. What the mesh says of itself counts for nothing.
 */
export class Patience {
  readonly #limitMs: number;
  #spentMs = 0;

  constructor(init: PatienceInit = {}) {
    this.#limitMs = init.limitMs ?? PATIENCE_MS;
  }

  get leftMs(): number {
    return this.#limitMs - this.#spentMs;
  }

  get isLost(): boolean {
    return this.leftMs <= 0;
  }

  waited(durationMs: number): void {
    this.#spentMs += durationMs;
  }

  answered(): void {
    this.#pay(ANSWER_MS);
  }

  received(sizeBytes: number): void {
    this.#pay(sizeBytes / BYTES_PER_MS);
  }

  #pay(durationMs: number): void {
    this.#spentMs = Math.max(0, this.#spentMs - durationMs);
  }
}
