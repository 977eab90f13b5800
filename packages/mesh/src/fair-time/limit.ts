import { NiphasError } from "@niphas/core";
import type { Clock, Timer } from "../discovery/ports.ts";
import { fairClock } from "./fair-clock.ts";

/** A timer that fires so late tells of an event loop that was held up. */
const LATE_MS = 250;

/** Calls back once when so much time has passed by the clock, which may be slower than its timers. */
export function setLimit(clock: Clock, limitMs: number, onOver: () => void): Timer {
  let dueMs = clock.nowMs() + limitMs;
  let hasBeenLate = false;
  const look = (): void => {
    let leftMs = dueMs - clock.nowMs();
    if (leftMs < -LATE_MS && !hasBeenLate) {
      // When it was this process that stood still, what others have sent may lie unread: they get the time once more.
      hasBeenLate = true;
      leftMs = limitMs;
      dueMs = clock.nowMs() + limitMs;
    }
    // Timers of the system are up to 1 ms early.
    if (leftMs > 1) timer = clock.setTimer(leftMs, look);
    else onOver();
  };
  let timer = clock.setTimer(limitMs, look);
  return { cancel: () => timer.cancel() };
}

/** As `AbortSignal.timeout`, by the fair time of this process. */
export function fairTimeout(limitMs: number): AbortSignal {
  const controller = new AbortController();
  setLimit(fairClock(), limitMs, () => {
    controller.abort(new NiphasError("SubstituterUnavailable", `no answer within ${limitMs} ms`));
  });
  return controller.signal;
}
