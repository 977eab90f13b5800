import { expect, it } from "vitest";
import { backOffMs } from "./back-off.ts";

it("waits twice as long after each failure, up to a bound", () => {
  const longest = (count: number) => backOffMs(count, { firstMs: 100, maxMs: 1000, random: () => 1 });
  expect([1, 2, 3, 4, 5, 500].map(longest)).toEqual([100, 200, 400, 800, 1000, 1000]);
});

it("leaves half of the wait to chance, so that clients do not come at once", () => {
  expect(backOffMs(1, { firstMs: 100, random: () => 0 })).toBe(50);
  expect(backOffMs(1, { firstMs: 100, random: () => 0.5 })).toBe(75);
});
