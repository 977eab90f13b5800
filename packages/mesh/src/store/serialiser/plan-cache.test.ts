import { fromLatin1, type NarPlan, NarPlanBuilder } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { PlanCache } from "./plan-cache.ts";

function plan(): NarPlan {
  const builder = new NarPlanBuilder();
  builder.symlink(fromLatin1(""), fromLatin1("target"));
  return builder.draft().finish();
}

const PLAN_BYTES = plan().buffer.byteLength;

/** Asks for plans by id and notes which were made. */
function asker(cache: PlanCache) {
  const made: number[] = [];
  const ask = async (id: number): Promise<NarPlan> =>
    cache.get(id, async () => {
      made.push(id);
      return Promise.resolve(plan());
    });
  return { made, ask };
}

describe("a plan cache", () => {
  it("keeps those that were used last", async () => {
    const { made, ask } = asker(new PlanCache(2 * PLAN_BYTES));
    for (const id of [1, 2, 1, 3, 1, 2]) await ask(id);
    expect(made).toEqual([1, 2, 3, 2]);
  });

  it("makes a plan once for all who ask at the same time, even without room to keep it", async () => {
    const { made, ask } = asker(new PlanCache(0));
    const [first, second] = await Promise.all([ask(1), ask(1)]);
    expect(first).toBe(second);
    await ask(1);
    expect(made).toEqual([1, 1]);
  });

  it("does not keep a failure", async () => {
    const cache = new PlanCache(PLAN_BYTES);
    await expect(cache.get(1, async () => Promise.reject(new Error("no tree")))).rejects.toThrow("no tree");
    const { made, ask } = asker(cache);
    await ask(1);
    expect(made).toEqual([1]);
  });

  it("counts what it forgets, also while it is being made", async () => {
    const cache = new PlanCache(2 * PLAN_BYTES);
    const { made, ask } = asker(cache);
    const first = ask(1);
    cache.forget(1);
    await first;
    for (const id of [1, 2, 1, 2]) await ask(id);
    cache.forget(2);
    cache.forget(2);
    for (const id of [3, 1, 3]) await ask(id);
    expect(made).toEqual([1, 1, 2, 3]);
  });
});
