import { setTimeout as sleep } from "node:timers/promises";

/** Ends early when the signal aborts; never throws. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
}
