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

it("remembers no more bytes than it may, the newest", () => {
  const memory = new AnswerMemory<string, string>({
    capacity: 9,
    maxBytes: 5,
    sizeOf: ({ length }) => length,
    nowMs: () => 0,
  });
  memory.set("a", "xx", 1);
  memory.set("b", "xx", 1);
  memory.set("b", "xxx", 1);
  expect([memory.get("a"), memory.get("b"), memory.sizeBytes]).toEqual(["xx", "xxx", 5]);
  memory.set("c", "x", 1);
  expect([memory.get("a"), memory.get("b"), memory.get("c"), memory.sizeBytes]).toEqual([undefined, "xxx", "x", 4]);
  memory.set("d", "xxxxxx", 1);
  expect([memory.size, memory.sizeBytes]).toEqual([0, 0]);
});

it("forgets what nobody asks for again when its time is over, not only when it is full", () => {
  let now = 0;
  const memory = new AnswerMemory<number, string>({ capacity: 99, sizeOf: ({ length }) => length, nowMs: () => now });
  for (let key = 0; key < 50; key++) memory.set(key, "x", key < 40 ? 10 : 100_000);
  now = 60_000;
  memory.get(49);
  expect([memory.size, memory.sizeBytes]).toEqual([10, 10]);
});
