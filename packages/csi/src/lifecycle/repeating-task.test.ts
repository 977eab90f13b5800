import { ManualClock } from "@niphas/service";
import { beforeEach, expect, it } from "vitest";
import { RepeatingTask } from "./repeating-task.ts";

let clock: ManualClock;
let runs: number;
let errors: unknown[];
beforeEach(() => {
  clock = new ManualClock();
  runs = 0;
  errors = [];
});

function task(run: (signal: AbortSignal) => Promise<void>): RepeatingTask {
  return new RepeatingTask({ clock }, { intervalMs: 100, run, onError: (error) => errors.push(error) });
}

const count = async (): Promise<void> => {
  runs++;
  await Promise.resolve();
};

it("runs once per interval", async () => {
  task(count).start();
  await clock.advance(350);
  expect(runs).toBe(3);
});

it("runs at once when triggered, and once more when triggered during a run", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = task(async () => {
    runs++;
    await promise;
  });
  slow.start();
  slow.trigger();
  await clock.advance(0);
  expect(runs).toBe(1);
  slow.trigger();
  await clock.advance(50);
  expect(runs).toBe(1);
  resolve();
  await clock.advance(0);
  await clock.advance(0);
  expect(runs).toBe(2);
});

it("reports a failure and goes on", async () => {
  task(async () => Promise.reject(new Error("once more"))).start();
  await clock.advance(200);
  expect(errors).toHaveLength(2);
});

it("aborts the run on stop, leaves no timer, and cannot be triggered again", async () => {
  let aborted = false;
  const waiting = task(async (signal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => {
      aborted = true;
      resolve();
    });
    await promise;
  });
  waiting.start();
  await clock.advance(100);
  await waiting.stop();
  waiting.trigger();
  expect(aborted).toBe(true);
  expect(clock.timerCount).toBe(0);
});
