import { describe, expect, it } from "vitest";
import { createWorkQueue, takeItems, workerCountFor } from "./work-queue.ts";

describe("work queue", () => {
  it("is worth one worker for a few items, and never more than allowed or fewer than one", () => {
    expect([0, 1, 8, 9, 1000].map((items) => workerCountFor(items, 2))).toEqual([1, 1, 1, 2, 2]);
    expect(workerCountFor(1000, 1)).toBe(1);
  });

  it("gives each item to one taker", () => {
    const queue = createWorkQueue();
    const items = ["a", "b", "c", "d", "e"];
    const [one, other] = [takeItems(queue, items), takeItems(queue, items)];
    const taken = [one.next().value, other.next().value, one.next().value, ...other, ...one];
    expect(taken).toEqual(items);
  });
});
