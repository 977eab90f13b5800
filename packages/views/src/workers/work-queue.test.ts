import { describe, expect, it } from "vitest";
import { createWorkQueue, takeItems } from "./work-queue.ts";

describe("work queue", () => {
  it("gives each item to one taker", () => {
    const queue = createWorkQueue();
    const items = ["a", "b", "c", "d", "e"];
    const [one, other] = [takeItems(queue, items), takeItems(queue, items)];
    const taken = [one.next().value, other.next().value, one.next().value, ...other, ...one];
    expect(taken).toEqual(items);
  });
});
