/** What Nix has got pays for time: half a MiB for a second. Small files can take it no faster on a slow disk. */
const BYTES_PER_MS = (512 * 1024) / 1000;
/** An answer to a question about a path pays for so long. */
const ANSWER_MS = 10;
/** What Nix gets also earns new credit for the mesh's own words: 256 KiB for a second. */
const CREDITED_BYTES_PER_MS = (256 * 1024) / 1000;

/**
 * What the mesh says that it has got pays on credit: 64 KiB for a second, much less than Nix's own bytes, since several
 * nodes may share a slow line. Members that let a byte trickle now and then pay for nothing.
 */
const SAID_BYTES_PER_MS = (64 * 1024) / 1000;
/** So does a path that it has found or has got. */
const SAID_PATH_MS = 100;

/** By the mesh's own words, so far. */
export interface SaidProgress {
  readonly bytes: number;
  readonly paths: number;
}

export interface PatienceInit {
  /** How long Nix may have waited for nothing. @default 1_200 */
  readonly limitMs?: number;
  /** How long it may wait while the mesh says that it gets on, and Nix sees nothing of it. @default 10_000 */
  readonly creditMs?: number;
}

/** What is left of 2 s when Nix is killed (200 ms) and started again. */
const PATIENCE_MS = 1_200;

const CREDIT_MS = 10_000;

/**
 * How long one realisation still waits for the mesh. Waiting takes from it; what Nix itself has got gives back, never more
 * than was taken. That the mesh says it gets on gives back too, on credit.
 */
export class Patience {
  readonly #limitMs: number;
  readonly #maxCreditMs: number;
  #creditMs: number;
  #spentMs = 0;
  #said: SaidProgress = { bytes: 0, paths: 0 };

  constructor(init: PatienceInit = {}) {
    this.#limitMs = init.limitMs ?? PATIENCE_MS;
    this.#maxCreditMs = init.creditMs ?? CREDIT_MS;
    this.#creditMs = this.#maxCreditMs;
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
    this.#creditMs = Math.min(this.#maxCreditMs, this.#creditMs + sizeBytes / CREDITED_BYTES_PER_MS);
  }

  /** Less than it has said before counts for nothing. */
  said(said: SaidProgress): void {
    const bytes = Math.max(this.#said.bytes, said.bytes);
    const paths = Math.max(this.#said.paths, said.paths);
    const worthMs = (bytes - this.#said.bytes) / SAID_BYTES_PER_MS + (paths - this.#said.paths) * SAID_PATH_MS;
    this.#said = { bytes, paths };
    const paidMs = Math.min(worthMs, this.#spentMs, this.#creditMs);
    this.#creditMs -= paidMs;
    this.#pay(paidMs);
  }

  #pay(durationMs: number): void {
    this.#spentMs = Math.max(0, this.#spentMs - durationMs);
  }
}
