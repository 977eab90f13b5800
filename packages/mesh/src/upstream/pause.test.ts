import { describe, expect, it } from "vitest";
import { Pause } from "./pause.ts";

function rig() {
  let now = 1_000_000;
  const pause = new Pause({ nowMs: () => now, random: () => 1, firstMs: 1000, maxMs: 8000 });
  const fail = (retryAfterMs?: number) => {
    expect(pause.enter()).toBeUndefined();
    pause.failed("HTTP 500", now, retryAfterMs);
  };
  const wait = (ms: number) => {
    now += ms;
  };
  return { pause, fail, wait, now: () => now };
}

describe("a pause", () => {
  it("grows with each failure up to a bound, and ends with an answer", () => {
    const { pause, fail, wait } = rig();
    for (const expectedMs of [1000, 2000, 4000, 8000, 8000]) {
      fail();
      wait(expectedMs - 1);
      expect(pause.enter()).toContain("HTTP 500");
      wait(1);
    }
    expect(pause.enter()).toBeUndefined();
    pause.succeeded();
    expect([pause.enter(), pause.enter()]).toEqual([undefined, undefined]);
    fail();
    wait(1000);
    expect(pause.enter()).toBeUndefined();
  });

  it("lets one question out when it has ended, and the others after its answer", () => {
    const { pause, fail, wait } = rig();
    fail();
    wait(1000);
    expect(pause.enter()).toBeUndefined();
    expect(pause.enter()).toContain("until it has answered again");
    pause.succeeded();
    expect(pause.enter()).toBeUndefined();
  });

  it("lets another question out when the first one is given up", () => {
    const { pause, fail, wait } = rig();
    fail();
    wait(1000);
    expect(pause.enter()).toBeUndefined();
    pause.left();
    expect(pause.enter()).toBeUndefined();
  });

  it("is not made longer by questions that were asked before it", () => {
    const { pause, fail, wait, now } = rig();
    const askedMs = now();
    wait(10);
    fail();
    pause.failed("HTTP 500", askedMs, undefined);
    wait(1000);
    expect(pause.enter()).toBeUndefined();
  });

  it("is as long as the cache asks for", () => {
    const { pause, fail, wait } = rig();
    fail(30_000);
    wait(29_999);
    expect(pause.enter()).toContain("paused for 1 s more");
    wait(1);
    expect(pause.enter()).toBeUndefined();
  });
});
