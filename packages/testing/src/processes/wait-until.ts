import { setTimeout as sleep } from "node:timers/promises";

export interface WaitOptions {
  /** Only there to end a test that has failed: nothing takes this long. @default 60_000 */
  readonly timeoutMs?: number;
  /** @default 20 */
  readonly intervalMs?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_INTERVAL_MS = 20;

/**
 * Asks until the answer is neither undefined nor false, and returns it.
 * @param what completes "waited in vain for …"
 */
export async function waitUntil<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions = {},
): Promise<T> {
  const deadline = Date.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(options.intervalMs ?? DEFAULT_INTERVAL_MS);
  }
}
