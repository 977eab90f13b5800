import { NiphasError } from "@niphas/core";
import { fairClock } from "../../fair-time/fair-clock.ts";
import { setLimit } from "../../fair-time/limit.ts";

export interface WaitLimits {
  /** Undefined: as long as it takes. */
  readonly stallMs: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Waits until the function given to `register` is called.
 * @throws NiphasError SubstituterUnavailable after `stallMs`; the signal's reason when it is aborted
 */
export async function waitForWake(limits: WaitLimits, register: (wake: () => void) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(limits.signal.reason);
  const timer =
    limits.stallMs === undefined ? undefined : setLimit(fairClock(), limits.stallMs, () => reject(stalled()));
  limits.signal.addEventListener("abort", onAbort, { once: true });
  try {
    limits.signal.throwIfAborted();
    register(resolve);
    await promise;
  } finally {
    timer?.cancel();
    limits.signal.removeEventListener("abort", onAbort);
  }
}

function stalled(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the peer stands still");
}
