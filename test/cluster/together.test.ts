import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { together } from "./together.ts";

describe("together", () => {
  it("returns what the work returns", async () => {
    expect(await together(undefined, async () => 1)).toBe(1);
  });

  it("ends the others when one fails, waits for them, and throws the first failure", async () => {
    const ended: string[] = [];
    const run = together(undefined, async (signal, add) => {
      const slow = add(
        sleep(60_000, undefined, { signal }).catch(() => {
          ended.push("slow");
          throw new Error("aborted");
        }),
      );
      const failing = add(Promise.reject(new Error("broken")));
      await Promise.all([slow, failing]);
    });
    await expect(run).rejects.toThrow("broken");
    expect(ended).toEqual(["slow"]);
  });

  it("ends all when the caller's signal is aborted", async () => {
    const abort = new AbortController();
    const run = together(abort.signal, (signal) => sleep(60_000, undefined, { signal }));
    abort.abort(new Error("stopped"));
    await expect(run).rejects.toThrow("aborted");
  });

  it("has no rejection left over that nobody awaited", async () => {
    const run = together(undefined, async (_, add) => {
      void add(Promise.reject(new Error("unseen"))).catch(() => undefined);
      return 1;
    });
    expect(await run).toBe(1);
  });
});
