import { readFileSync } from "node:fs";

/** A look that comes later tells of our own event loop, on a machine that holds up everybody. */
const MAX_LOOK_MS = 300;
/** Where programs wait for a processor for more of the time than this, */
const BUSY_SHARE = 0.75;
/** time counts for less, down to this. */
const MIN_WEIGHT = 0.25;
/** https://docs.kernel.org/accounting/psi.html */
const PRESSURE_FILE = "/proc/pressure/cpu";
const MICROSECONDS_PER_MS = 1_000;

export interface FairTimeInit {
  /** Monotonic. @default performance.now */
  readonly nowMs?: () => number;
  /** For how long some program of the machine has waited for a processor, since it was started. @default the kernel's word */
  readonly starvedMs?: () => number | undefined;
}

/**
 * Time as it counts against the mesh. On a machine whose processors are all taken nobody answers as fast as he could, and
 * the mesh is no deader than the rest: there it passes down to four times slower.
 */
export class FairTime {
  readonly #nowMs: () => number;
  readonly #starvedMs: () => number | undefined;
  #lookedMs: number;
  #starvedBeforeMs: number | undefined;

  constructor(init: FairTimeInit = {}) {
    this.#nowMs = init.nowMs ?? (() => performance.now());
    this.#starvedMs = init.starvedMs ?? starvedMs;
    this.#lookedMs = this.#nowMs();
    this.#starvedBeforeMs = this.#starvedMs();
  }

  /** What has passed since the last call. To be called every 100 ms or so: 300 are the most that count. */
  elapsedMs(): number {
    const nowMs = this.#nowMs();
    const elapsedMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    return Math.min(elapsedMs, MAX_LOOK_MS) * this.#weight(elapsedMs);
  }

  #weight(elapsedMs: number): number {
    const nowMs = this.#starvedMs();
    const beforeMs = this.#starvedBeforeMs;
    this.#starvedBeforeMs = nowMs;
    if (nowMs === undefined || beforeMs === undefined || elapsedMs <= 0) return 1;
    const share = Math.min(1, (nowMs - beforeMs) / elapsedMs);
    return Math.max(MIN_WEIGHT, Math.min(1, (1 - share) / (1 - BUSY_SHARE)));
  }
}

/** Undefined where the kernel does not tell. */
function starvedMs(): number | undefined {
  try {
    const total = /^some .*\btotal=(\d+)$/m.exec(readFileSync(PRESSURE_FILE, "utf8"))?.[1];
    return total === undefined ? undefined : Number(total) / MICROSECONDS_PER_MS;
  } catch {
    return undefined;
  }
}
