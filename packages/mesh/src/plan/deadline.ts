import { NiphasError, untilAborted } from "@niphas/core";
import { setLimit } from "../fair-time/limit.ts";
import type { Clock } from "./ports.ts";

/** Work that takes no longer, whether or not it heeds its signal. @throws NiphasError SubstituterUnavailable when it does */
export async function within<T>(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setLimit(clock, limitMs, () => {
    late.abort(new NiphasError("SubstituterUnavailable", `no answer within ${limitMs} ms`));
  });
  const limited = AbortSignal.any([signal, late.signal]);
  try {
    return await untilAborted(work(limited), limited);
  } finally {
    timer.cancel();
  }
}
