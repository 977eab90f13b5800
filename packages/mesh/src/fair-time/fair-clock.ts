import { ProcessorPressure, type StarvedMs } from "@niphas/nix";
import type { Clock, Timer } from "../discovery/ports.ts";

const LOOK_MS = 100;
/** A look that comes later tells of our own event loop: what others have sent lies unread. */
const MAX_LOOK_MS = 300;
/** How much slower than the system's clock it may be on a starved machine. */
export const MAX_STRETCH = 1 / ProcessorPressure.minWeight;

export interface FairClockInit {
  /** Monotonic. @default performance.now */
  readonly nowMs?: () => number;
  /** @default the kernel's word */
  readonly starvedMs?: StarvedMs;
}

/**
 * Time as it counts against others: it stands still while this process does, and passes down to four times slower on a
 * machine whose processors are all taken, where nobody can answer in time. Its timers are those of the system: a limit
 * that is to be fair is set with {@link setLimit}.
 */
export class FairClock implements Clock, Disposable {
  readonly #realMs: () => number;
  readonly #pressure: ProcessorPressure;
  readonly #timer: NodeJS.Timeout;
  #lookedMs: number;
  #passedMs = 0;
  #weight = 1;

  constructor(init: FairClockInit = {}) {
    this.#realMs = init.nowMs ?? (() => performance.now());
    this.#pressure = new ProcessorPressure(init.starvedMs);
    this.#lookedMs = this.#realMs();
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  nowMs(): number {
    return this.#passedMs + Math.min(this.#realMs() - this.#lookedMs, MAX_LOOK_MS) * this.#weight;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = setTimeout(callback, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  }

  /** Every 100 ms. What it learns counts from now on: the time that was told stays told. */
  look(): void {
    this.#passedMs = this.nowMs();
    const realMs = this.#realMs();
    this.#weight = this.#pressure.weight(realMs - this.#lookedMs);
    this.#lookedMs = realMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

let own: FairClock | undefined;

/** The fair time of this process: there is one, as there is one machine. */
export function fairClock(): FairClock {
  own ??= new FairClock();
  return own;
}
