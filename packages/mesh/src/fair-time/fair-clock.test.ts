import { expect, it } from "vitest";
import { FairClock, fairClock } from "./fair-clock.ts";

function rig() {
  let realMs = 0;
  let starvedMs = 0;
  const clock = new FairClock({ nowMs: () => realMs, starvedMs: () => starvedMs });
  const pass = (elapsedMs: number, starvedShare = 0): number => {
    const beforeMs = clock.nowMs();
    realMs += elapsedMs;
    starvedMs += elapsedMs * starvedShare;
    return clock.nowMs() - beforeMs;
  };
  const passLooking = (looks: number, starvedShare: number): number => {
    let passedMs = 0;
    for (let count = 0; count < looks; count++) {
      passedMs += pass(100, starvedShare);
      clock.look();
    }
    return passedMs;
  };
  return { clock, pass, passLooking, [Symbol.dispose]: () => clock[Symbol.dispose]() };
}

it("goes as time does while a processor is free for a quarter of it", () => {
  using fair = rig();
  expect(fair.passLooking(10, 0.7)).toBeCloseTo(1_000);
});

it("goes four times slower on a starved machine, from the next look on, and as before when that is over", () => {
  using fair = rig();
  expect(fair.passLooking(11, 1)).toBeCloseTo(100 + 1_000 / 4);
  expect(fair.passLooking(11, 0)).toBeCloseTo(100 / 4 + 1_000);
});

it("stands still while the process does, after 300 ms", () => {
  using fair = rig();
  expect(fair.pass(5_000)).toBe(300);
  fair.clock.look();
  expect(fair.pass(200)).toBe(200);
});

it("never goes back, and a look itself takes no time", () => {
  using fair = rig();
  fair.pass(100, 1);
  const beforeMs = fair.clock.nowMs();
  fair.clock.look();
  expect(fair.clock.nowMs()).toBe(beforeMs);
});

it("is one for the process, and goes", async () => {
  const startMs = fairClock().nowMs();
  await expect.poll(() => fairClock().nowMs(), { timeout: 30_000 }).toBeGreaterThan(startMs);
  expect(fairClock()).toBe(fairClock());
});
