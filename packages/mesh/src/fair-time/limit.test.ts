import { ManualClock } from "@niphas/service";
import { expect, it } from "vitest";
import type { Clock } from "../discovery/ports.ts";
import { fairTimeout, setLimit } from "./limit.ts";

const SLOWER = 4;

/** Its hands are slower than its timers. */
function slowClock(real: ManualClock): Clock {
  return {
    nowMs: () => real.nowMs() / SLOWER,
    setTimer: (delayMs, callback) => real.setTimer(delayMs, callback),
  };
}

it("is over when the time has passed by a clock that goes as its timers do", async () => {
  const clock = new ManualClock();
  let isOver = false;
  setLimit(clock, 1_500, () => {
    isOver = true;
  });
  await clock.advance(1_499);
  expect(isOver).toBe(false);
  await clock.advance(1);
  expect([isOver, clock.timerCount]).toEqual([true, 0]);
});

it("lasts as much longer as the clock is slower", async () => {
  const real = new ManualClock();
  let overAtMs: number | undefined;
  const startMs = real.nowMs();
  setLimit(slowClock(real), 1_500, () => {
    overAtMs = real.nowMs() - startMs;
  });
  await real.advance(10_000);
  expect(overAtMs).toBeGreaterThan(1_499 * SLOWER - SLOWER);
  expect(overAtMs).toBeLessThanOrEqual(1_500 * SLOWER);
});

it("is never over once it has been cancelled, however often it was looked at", async () => {
  const real = new ManualClock();
  let isOver = false;
  const limit = setLimit(slowClock(real), 1_500, () => {
    isOver = true;
  });
  await real.advance(4_000);
  limit.cancel();
  await real.advance(10_000);
  expect([isOver, real.timerCount]).toEqual([false, 0]);
});

it("gives the time once more, and no more than once, when the process itself stood still", () => {
  let nowMs = 0;
  const fire: (() => void)[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    setTimer: (_delayMs, callback) => {
      fire.push(callback);
      return { cancel: () => undefined };
    },
  };
  let isOver = false;
  setLimit(clock, 1_500, () => {
    isOver = true;
  });
  nowMs = 3_000;
  fire.shift()?.();
  expect(isOver).toBe(false);
  nowMs = 6_000;
  fire.shift()?.();
  expect(isOver).toBe(true);
});

it("aborts a signal in the fair time of the process", async () => {
  const signal = fairTimeout(10);
  await expect.poll(() => signal.aborted, { timeout: 30_000 }).toBe(true);
  expect(signal.reason).toMatchObject({ code: "SubstituterUnavailable" });
});
