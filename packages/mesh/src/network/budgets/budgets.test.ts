import { describe, expect, it } from "vitest";
import { ByteBudget } from "./byte-budget.ts";
import { Permits } from "./permits.ts";
import { RateLimit } from "./rate-limit.ts";

const never = new AbortController().signal;

describe("permits", () => {
  it("are given out in the order of asking", async () => {
    const permits = new Permits(1);
    const first = await permits.take(never);
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      using _permit = await permits.take(never);
      order.push(number);
    });
    expect(permits.tryTake()).toBeUndefined();
    first[Symbol.dispose]();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect(permits.free).toBe(1);
  });

  it("count once, however often they are given back", async () => {
    const permits = new Permits(1);
    const permit = await permits.take(never);
    permit[Symbol.dispose]();
    permit[Symbol.dispose]();
    expect(permits.free).toBe(1);
  });

  it("are not lost with one who stops waiting, also in the moment of its turn", async () => {
    const permits = new Permits(1);
    for (const isAbortFirst of [true, false]) {
      const held = await permits.take(never);
      const abort = new AbortController();
      const leaving = permits.take(abort.signal);
      if (isAbortFirst) abort.abort(new Error("left"));
      held[Symbol.dispose]();
      abort.abort(new Error("left"));
      await leaving.then(
        (permit) => permit[Symbol.dispose](),
        () => undefined,
      );
      expect(permits.free).toBe(1);
    }
  });
});

describe("a rate limit", () => {
  it("lets a burst through, then as many as the time allows", () => {
    let nowMs = 0;
    const limit = new RateLimit({ perSecond: 10, burst: 3 }, () => nowMs);
    const taken = (): number => {
      let count = 0;
      while (limit.tryTake()) count++;
      return count;
    };
    expect(taken()).toBe(3);
    nowMs = 250;
    expect(taken()).toBe(2);
    nowMs = 60_000;
    expect(taken()).toBe(3);
  });
});

describe("a byte budget", () => {
  it("gives only what is there", () => {
    const budget = new ByteBudget(10);
    expect([budget.tryTake(6), budget.tryTake(5), budget.tryTake(4)]).toEqual([true, false, true]);
    budget.giveBack(10);
    expect(budget.freeBytes).toBe(10);
  });
});
