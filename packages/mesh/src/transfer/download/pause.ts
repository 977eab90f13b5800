import { untilAborted } from "../../upstream/until-aborted.ts";
import type { Clock } from "../ports.ts";

/** @throws the signal's reason */
export async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimer(delayMs, resolve);
  try {
    await untilAborted(promise, signal);
  } finally {
    timer.cancel();
  }
}
