import { setTimeout as sleep } from "node:timers/promises";
import { isNiphasError } from "@niphas/core";

/**
 * Asks until the answer is not undefined. An API server that is away for a moment is asked again.
 * @throws what `ask` throws otherwise, and the signal's reason
 */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  { intervalMs, signal }: { readonly intervalMs: number; readonly signal: AbortSignal },
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask().catch(undefinedIfUnavailable);
    if (answer !== undefined) return answer;
    await sleep(intervalMs, undefined, { signal });
  }
}

function undefinedIfUnavailable(error: unknown): undefined {
  if (!isNiphasError(error) || error.code !== "ApiUnavailable") throw error;
}
