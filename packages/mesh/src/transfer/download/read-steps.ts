import type { Watchdog } from "./watchdog.ts";

export interface ReadSteps {
  /** No longer than this for each piece. */
  readonly stallMs: number;
  readonly nowMs: () => number;
  /** What was read, and how long it was waited for. False ends the reading. */
  readonly take: (bytes: Uint8Array, waitedMs: number) => Promise<boolean>;
}

/**
 * Reads a body piece by piece, never waiting for a source that stands still, not even to close it.
 * @returns whether the body ended by itself
 */
export async function readSteps(
  body: AsyncIterable<Uint8Array>,
  watchdog: Watchdog,
  steps: ReadSteps,
): Promise<boolean> {
  const pieces = body[Symbol.asyncIterator]();
  let hasEnded = false;
  try {
    for (;;) {
      const askedMs = steps.nowMs();
      const next = await watchdog.within(steps.stallMs, () => pieces.next());
      hasEnded = next.done === true;
      if (next.done === true || !(await steps.take(next.value, steps.nowMs() - askedMs))) return hasEnded;
    }
  } finally {
    if (!hasEnded) Promise.resolve(pieces.return?.()).catch(() => undefined);
  }
}
