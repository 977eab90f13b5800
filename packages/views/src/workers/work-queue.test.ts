import { describe, expect, it } from "vitest";
import { awaitTurnToSend, createWorkQueue, noteSent, takeItems } from "./work-queue.ts";

describe("work queue", () => {
  it("gives each item to one taker", () => {
    const queue = createWorkQueue();
    const items = ["a", "b", "c", "d", "e"];
    const [one, other] = [takeItems(queue, items), takeItems(queue, items)];
    const taken = [one.next().value, other.next().value, one.next().value, ...other, ...one];
    expect(taken).toEqual(items);
  });

  it("counts what is under way", () => {
    const queue = createWorkQueue();
    awaitTurnToSend(queue, 2);
    awaitTurnToSend(queue, 2);
    noteSent(queue);
    awaitTurnToSend(queue, 2);
    noteSent(queue);
    noteSent(queue);
    expect(new Int32Array(queue)[1]).toBe(0);
  });
});
