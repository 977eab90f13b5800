import { expect, it } from "vitest";
import { FairTime } from "./fair-time.ts";

function rig(knowsStarvation = true) {
  let nowMs = 0;
  let starvedMs = 0;
  const time = new FairTime({ nowMs: () => nowMs, starvedMs: () => (knowsStarvation ? starvedMs : undefined) });
  return (elapsedMs: number, starvedShare = 0): number => {
    nowMs += elapsedMs;
    starvedMs += elapsedMs * starvedShare;
    return time.elapsedMs();
  };
}

it("is the time that has passed while a processor is free for a quarter of it", () => {
  const pass = rig();
  expect([pass(100), pass(100, 0.3), pass(50, 0.75), pass(0)]).toEqual([100, 100, 50, 0]);
});

it("passes slower on a starved machine, four times at the most", () => {
  const pass = rig();
  expect(pass(100, 0.875)).toBeCloseTo(50);
  expect(pass(100, 1)).toBeCloseTo(25);
  expect(pass(100)).toBeCloseTo(100);
});

it("counts a look that comes late as 300 ms", () => {
  expect(rig()(5_000)).toBe(300);
});

it("is plain time where the kernel does not tell", () => {
  expect(rig(false)(100, 1)).toBe(100);
});

it("reads what the kernel tells, if it does", () => {
  const time = new FairTime();
  expect(time.elapsedMs()).toBeGreaterThanOrEqual(0);
});
