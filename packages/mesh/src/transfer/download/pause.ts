import { NiphasError, untilAborted } from "@niphas/core";
import type { Clock } from "../ports.ts";
import type { Wakers } from "../spool/wakers.ts";

/** One for all, since pauses end often, and the stack of an error takes longer to make than the rest. */
const OVER = new NiphasError("Cancelled", "the pause is over");

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

/** As {@link pause}, but not beyond the next change. */
export async function pauseUntilWoken(
  { clock, wakers }: { readonly clock: Clock; readonly wakers: Wakers },
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  let looks = 0;
  try {
    await Promise.race([wakers.until(() => looks++ > 0, either), pause(clock, limitMs, either)]);
  } finally {
    over.abort(OVER);
  }
}
