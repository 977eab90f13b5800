import { afterEach, expect, it } from "vitest";
import { WorkQueue, type WorkQueueInit } from "./work-queue.ts";

interface Run {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly end: (error?: Error) => void;
}

let queue: WorkQueue;
let runs: Run[];
let failed: string[];
afterEach(async () => {
  for (const run of runs) run.end();
  await queue.stop();
});

/** A queue whose work ends when the test says so. */
function make(init: Partial<WorkQueueInit> = {}): void {
  runs = [];
  failed = [];
  queue = new WorkQueue({
    work: async (key, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      runs.push({ key, signal, end: (error) => (error === undefined ? resolve() : reject(error)) });
      await promise;
    },
    onFailure: (key) => failed.push(key),
    backOff: { firstMs: 1, maxMs: 1 },
    ...init,
  });
}

const begun = (): readonly string[] => runs.map(({ key }) => key);

it("works on a few keys at once and on each in one place at a time", async () => {
  make({ concurrency: 2 });
  for (const key of ["a", "b", "c", "c"]) queue.add(key);
  expect(begun()).toEqual(["a", "b"]);
  expect(queue.size).toBe(3);
  runs[0]?.end();
  await expect.poll(begun).toEqual(["a", "b", "c"]);
});

it("works once more on a key that was added meanwhile, however often", async () => {
  make();
  queue.add("a");
  queue.add("a");
  queue.add("a");
  expect(begun()).toEqual(["a"]);
  runs[0]?.end();
  await expect.poll(begun).toEqual(["a", "a"]);
  runs[1]?.end();
  await expect.poll(() => queue.size).toBe(0);
  expect(begun()).toEqual(["a", "a"]);
});

it("tries a key that failed again after a while", async () => {
  make();
  queue.add("a");
  runs[0]?.end(new Error("x"));
  await expect.poll(begun).toEqual(["a", "a"]);
  expect(failed).toEqual(["a"]);
});

it("is not hurried by news of a key that failed", async () => {
  make({ backOff: { firstMs: 3_600_000, maxMs: 3_600_000 } });
  queue.add("a");
  runs[0]?.end(new Error("x"));
  await expect.poll(() => failed).toEqual(["a"]);
  queue.add("a");
  expect(begun()).toEqual(["a"]);
  expect(queue.size).toBe(1);
});

it("tells how long the longest work takes", async () => {
  make();
  expect(queue.longestRunMs).toBe(0);
  queue.add("a");
  await expect.poll(() => queue.longestRunMs).toBeGreaterThan(1);
});

it("stops: aborts what is under way, waits for it, begins nothing", async () => {
  make({ concurrency: 1 });
  queue.add("a");
  queue.add("b");
  const stopped = queue.stop();
  expect(runs[0]?.signal.aborted).toBe(true);
  runs[0]?.end(new Error("aborted"));
  await stopped;
  queue.add("c");
  expect(begun()).toEqual(["a"]);
  expect(failed).toEqual([]);
});
