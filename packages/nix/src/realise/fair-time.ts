import { ProcessorPressure, type StarvedMs } from "./processor-pressure.ts";

/** A look that comes later tells of our own event loop, on a machine that holds up everybody. */
const MAX_LOOK_MS = 300;

export interface FairTimeInit {
  /** Monotonic. @default performance.now */
  readonly nowMs?: () => number;
  /** @default the kernel's word */
  readonly starvedMs?: StarvedMs;
}

/** Time as it counts against the mesh, by {@link ProcessorPressure}. */
export class FairTime {
  readonly #nowMs: () => number;
  readonly #pressure: ProcessorPressure;
  #lookedMs: number;

  constructor(init: FairTimeInit = {}) {
    this.#nowMs = init.nowMs ?? (() => performance.now());
    this.#pressure = new ProcessorPressure(init.starvedMs);
    this.#lookedMs = this.#nowMs();
  }

  /** What has passed since the last call. To be called every 100 ms or so: 300 are the most that count. */
  elapsedMs(): number {
    const nowMs = this.#nowMs();
    const elapsedMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    return Math.min(elapsedMs, MAX_LOOK_MS) * this.#pressure.weight(elapsedMs);
  }
}
