import { readFileSync } from "node:fs";

/** Where programs wait for a processor for more of the time than this, */
const BUSY_SHARE = 0.75;
/** time counts for less, down to this. */
const MIN_WEIGHT = 0.25;
/** https://docs.kernel.org/accounting/psi.html */
const PRESSURE_FILE = "/proc/pressure/cpu";
const MICROSECONDS_PER_MS = 1_000;

/** For how long some program of the machine has waited for a processor, since it was started; undefined: nobody tells. */
export type StarvedMs = () => number | undefined;

/**
 * How much time counts against others. On a machine whose processors are all taken nobody answers as fast as he could, and
 * who is silent is no deader than the rest: there it passes down to four times slower.
 */
export class ProcessorPressure {
  /** The least that {@link weight} answers. */
  static readonly minWeight = MIN_WEIGHT;
  readonly #starvedMs: StarvedMs;
  #beforeMs: number | undefined;

  /** @param starvedMs by default the kernel's word */
  constructor(starvedMs: StarvedMs = toldByKernel) {
    this.#starvedMs = starvedMs;
    this.#beforeMs = starvedMs();
  }

  /** Of the time since the last call, which was so long ago: from 0.25 to 1. */
  weight(elapsedMs: number): number {
    const nowMs = this.#starvedMs();
    const beforeMs = this.#beforeMs;
    this.#beforeMs = nowMs;
    if (nowMs === undefined || beforeMs === undefined || elapsedMs <= 0) return 1;
    const share = Math.min(1, (nowMs - beforeMs) / elapsedMs);
    return Math.max(MIN_WEIGHT, Math.min(1, (1 - share) / (1 - BUSY_SHARE)));
  }
}

/** Undefined where the kernel does not tell. */
function toldByKernel(): number | undefined {
  try {
    const total = /^some .*\btotal=(\d+)$/m.exec(readFileSync(PRESSURE_FILE, "utf8"))?.[1];
    return total === undefined ? undefined : Number(total) / MICROSECONDS_PER_MS;
  } catch {
    return undefined;
  }
}
