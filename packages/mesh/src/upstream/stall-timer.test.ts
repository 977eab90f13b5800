import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { StallTimer } from "./stall-timer.ts";

it("aborts when what is waited for does not come, and not while nobody waits", async () => {
  using timer = new StallTimer({ timeoutMs: 40 });
  await timer.watch(() => Promise.resolve());
  await sleep(80);
  expect(timer.hasStalled).toBe(false);
  await timer.watch(() => new Promise<void>((resolve) => timer.signal.addEventListener("abort", () => resolve())));
  expect(timer.hasStalled).toBe(true);
});
