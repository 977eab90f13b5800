import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock, Timer } from "../lifecycle/clock.ts";

/** Each look wakes the process: at 20 ms that was most of what a daemon at rest used. */
const RESOLUTION_MS = 100;
const WINDOW_MS = 30_000;
const NANOSECONDS_PER_SECOND = 1e9;
const PERCENTILE = 99;

/** How late the event loop runs its timers. Owns a histogram that starts anew every 30 s. */
export class EventLoopLag {
  readonly #clock: Clock;
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #previousP99Seconds = 0;
  #timer: Timer | undefined;

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  start(): void {
    this.#histogram.enable();
    this.#schedule();
  }

  stop(): void {
    this.#histogram.disable();
    this.#timer?.cancel();
  }

  /** The worse of this window's and the last one's 99th percentile, beyond the sampling interval itself. */
  p99Seconds(): number {
    return Math.max(this.#currentP99Seconds(), this.#previousP99Seconds);
  }

  #currentP99Seconds(): number {
    if (this.#histogram.count === 0) return 0;
    const seconds = this.#histogram.percentile(PERCENTILE) / NANOSECONDS_PER_SECOND;
    return Math.max(0, seconds - RESOLUTION_MS / 1000);
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimer(WINDOW_MS, () => {
      this.#previousP99Seconds = this.#currentP99Seconds();
      this.#histogram.reset();
      this.#schedule();
    });
  }
}

/** Beyond this the process no longer does its work in time and a restart is the best that can happen to it. */
const MAX_LAG_SECONDS = 5;

/** What to say when the event loop is so late that only a restart helps; undefined when it is not. */
export function latenessOf(lag: Pick<EventLoopLag, "p99Seconds">): string | undefined {
  const lagSeconds = lag.p99Seconds();
  return lagSeconds <= MAX_LAG_SECONDS ? undefined : `the event loop is ${lagSeconds.toFixed(1)} s late`;
}
