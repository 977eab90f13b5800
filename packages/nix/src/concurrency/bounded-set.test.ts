import { expect, it } from "vitest";
import { BoundedSet } from "./bounded-set.ts";

it("forgets the oldest value when it is full", () => {
  const set = new BoundedSet<number>(3);
  for (const value of [1, 2, 3, 2, 4]) set.add(value);
  expect([1, 2, 3, 4].map((value) => set.has(value))).toEqual([false, true, true, true]);
});
