import type { Clock } from "@niphas/service";

/** The steps of a publish that are measured, in their order. */
export const PHASES = ["parse", "policy", "roots", "realise", "trust", "view", "mount"] as const;
export type Phase = (typeof PHASES)[number];

/** `warm`: all roots were valid in the store when the call came; `cold`: something had to be fetched. */
export type PublishPath = "warm" | "cold";

/** Where the time of one publish went. A phase that runs twice adds up. */
export class PhaseTimer {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #durations: Partial<Record<Phase, number>> = {};

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
    this.#startMs = this.#clock.nowMs();
  }

  sync<T>(phase: Phase, work: () => T): T {
    const startMs = this.#clock.nowMs();
    try {
      return work();
    } finally {
      this.#add(phase, startMs);
    }
  }

  async run<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    const startMs = this.#clock.nowMs();
    try {
      return await work();
    } finally {
      this.#add(phase, startMs);
    }
  }

  get durationsMs(): Readonly<Partial<Record<Phase, number>>> {
    return this.#durations;
  }

  totalMs(): number {
    return this.#clock.nowMs() - this.#startMs;
  }

  #add(phase: Phase, startMs: number): void {
    this.#durations[phase] = (this.#durations[phase] ?? 0) + this.#clock.nowMs() - startMs;
  }
}
