import { expect, it } from "vitest";
import { AnswerMemory } from "./answer-memory.ts";

it("remembers the newest values, each for its time", () => {
  let now = 0;
  const memory = new AnswerMemory<string, number>({ capacity: 2, nowMs: () => now });
  memory.set("a", 1, 10);
  memory.set("b", 2, 20);
  expect([memory.get("a"), memory.get("b")]).toEqual([1, 2]);
  now = 10;
  expect([memory.get("a"), memory.get("b")]).toEqual([undefined, 2]);
  memory.set("c", 3, 10);
  memory.set("d", 4, 10);
  expect([memory.get("b"), memory.get("c"), memory.get("d")]).toEqual([undefined, 3, 4]);
  memory.delete("c");
  expect(memory.get("c")).toBeUndefined();
});
