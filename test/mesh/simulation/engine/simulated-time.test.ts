import fc from "fast-check";
import { expect, it } from "vitest";
import { SimulatedTime } from "./simulated-time.ts";

it("calls in the order of time, and first come first served at the same time, but never what was cancelled", async () => {
  const event = fc.record({ delayMs: fc.nat(20), isCancelled: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 3000, size: "max" }), async (events) => {
      const time = new SimulatedTime();
      const called: number[] = [];
      const timers = events.map(({ delayMs }, index) => time.after(delayMs, () => called.push(index)));
      for (const [index, { isCancelled }] of events.entries()) if (isCancelled) timers[index]?.cancel();
      await time.pass(100);
      const expected = events
        .map((value, index) => ({ ...value, index }))
        .filter(({ isCancelled }) => !isCancelled)
        .sort((a, b) => a.delayMs - b.delayMs || a.index - b.index);
      expect(called).toEqual(expected.map(({ index }) => index));
    }),
    { numRuns: 20 },
  );
});

it("lets promises settle before time goes on", async () => {
  const time = new SimulatedTime();
  const seen: number[] = [];
  const story = async (): Promise<void> => {
    await time.sleep(5);
    await null;
    await null;
    seen.push(time.nowMs());
    await time.sleep(5);
    seen.push(time.nowMs());
  };
  time.after(6, () => seen.push(-1));
  const told = story();
  await time.pass(20);
  await told;
  expect(seen).toEqual([5, -1, 10]);
});
