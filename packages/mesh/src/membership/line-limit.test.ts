import { expect, it } from "vitest";
import { LineLimit } from "./line-limit.ts";

it("lets one line for each key through in five minutes", () => {
  let nowMs = 0;
  const lines = new LineLimit({ nowMs: () => nowMs });
  expect([lines.take("a"), lines.take("a"), lines.take("b")]).toEqual([true, false, true]);
  nowMs = 299_999;
  expect(lines.take("a")).toBe(false);
  nowMs = 300_000;
  expect([lines.take("a"), lines.take("a")]).toEqual([true, false]);
});

it("lets the next one through when what failed has worked again", () => {
  const lines = new LineLimit();
  lines.take("a");
  lines.forget("a");
  expect(lines.take("a")).toBe(true);
});

it("keeps no more than 256 keys", () => {
  const lines = new LineLimit();
  const taken = Array.from({ length: 300 }, (_, index) => lines.take(String(index))).filter((each) => each);
  expect(taken).toHaveLength(256);
});
