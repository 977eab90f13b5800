import { parseViewKey } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { KeyLocks } from "./key-locks.ts";

function key(digit: string) {
  const parsed = parseViewKey(digit.repeat(64));
  if (parsed === undefined) throw new Error("the key of this test is wrong");
  return parsed;
}

describe("KeyLocks", () => {
  it("run tasks of one key one after the other and those of others beside them", async () => {
    const locks = new KeyLocks();
    const events: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = locks.run(key("a"), async () => {
      events.push("a1 begins");
      await gate.promise;
      events.push("a1 ends");
    });
    const second = locks.run(key("a"), async () => events.push("a2"));
    await locks.run(key("b"), async () => events.push("b"));
    expect(events).toEqual(["a1 begins", "b"]);
    gate.resolve();
    await Promise.all([first, second]);
    expect(events).toEqual(["a1 begins", "b", "a1 ends", "a2"]);
  });

  it("let the next task run after one that failed", async () => {
    const locks = new KeyLocks();
    const failing = locks.run(key("a"), () => Promise.reject(new Error("no")));
    const next = locks.run(key("a"), async () => "yes");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("yes");
  });
});
