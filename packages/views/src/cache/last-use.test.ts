import { parseViewKey } from "@niphas/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LastUse } from "./last-use.ts";

function key(digit: string) {
  const parsed = parseViewKey(digit.repeat(64));
  if (parsed === undefined) throw new Error("the key of this test is wrong");
  return parsed;
}

describe("LastUse", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("writes the latest time of each view once, a little later", () => {
    const written: unknown[] = [];
    const lastUse = new LastUse(
      (...args) => written.push(args),
      (error) => expect.unreachable(String(error)),
    );
    for (let atMs = 1; atMs <= 100; atMs++) lastUse.note(key("a"), atMs);
    lastUse.note(key("b"), 7);
    expect(written).toEqual([]);
    vi.runAllTimers();
    expect(written).toEqual([
      [key("a"), 100],
      [key("b"), 7],
    ]);
    lastUse.flush();
    expect(written).toHaveLength(2);
  });

  it("reports a failure and goes on with the next view", () => {
    const reported: unknown[] = [];
    const failing = (): never => {
      throw new Error("read-only");
    };
    const lastUse = new LastUse(failing, (error) => reported.push(error));
    lastUse.note(key("a"), 1);
    lastUse.note(key("b"), 2);
    lastUse.flush();
    expect(reported).toHaveLength(2);
  });
});
