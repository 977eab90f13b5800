import { NiphasError } from "@niphas/core";
import { ManualClock, settle } from "@niphas/service";
import { beforeEach, expect, it } from "vitest";
import { volumeId } from "../twins/test-plugin.ts";
import { BackgroundWork, type Job } from "./background-work.ts";

const LINGER_MS = 1000;
const [A, B] = [volumeId(1), volumeId(2)];
const untilDone = async (done: Promise<void>): Promise<void> => done;
const giveUp = async (): Promise<void> => Promise.reject(new Error("gave up"));

let clock: ManualClock;
let work: BackgroundWork;
let starts: { readonly signal: AbortSignal; readonly outcome: PromiseWithResolvers<void> }[];
let job: Job;
beforeEach(() => {
  clock = new ManualClock();
  work = new BackgroundWork({ clock }, { lingerMs: LINGER_MS });
  starts = [];
  job = {
    key: "job",
    start: async (signal) => {
      const outcome = Promise.withResolvers<void>();
      starts.push({ signal, outcome });
      signal.addEventListener("abort", () => outcome.reject(signal.reason));
      await outcome.promise;
    },
  };
});

it("does equal jobs once and tells everybody when they are done", async () => {
  const calls = [work.run(A, job, untilDone), work.run(B, job, untilDone)];
  starts[0]?.outcome.resolve();
  await Promise.all(calls);
  expect(starts).toHaveLength(1);
});

it("goes on after a caller gives up, until nobody has asked for the linger time", async () => {
  await expect(work.run(A, job, giveUp)).rejects.toThrow("gave up");
  await clock.advance(LINGER_MS - 1);
  expect(starts[0]?.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(starts[0]?.signal.aborted).toBe(true);
  expect(work.isInterested(A)).toBe(false);
});

it("counts the linger time from the last call, not the first", async () => {
  await expect(work.run(A, job, giveUp)).rejects.toThrow();
  await clock.advance(LINGER_MS - 1);
  await expect(work.run(A, job, giveUp)).rejects.toThrow();
  await clock.advance(LINGER_MS - 1);
  expect(starts[0]?.signal.aborted).toBe(false);
  expect(starts).toHaveLength(1);
});

it("never ends work while a call waits, however long", async () => {
  const call = work.run(A, job, untilDone);
  await clock.advance(LINGER_MS * 100);
  expect(starts[0]?.signal.aborted).toBe(false);
  starts[0]?.outcome.resolve();
  await call;
});

it("aborts work when the last interested volume leaves, and waits for its end", async () => {
  const calls = [A, B].map(async (id) => expect(work.run(id, job, untilDone)).rejects.toThrow());
  await work.leave(A);
  expect(starts[0]?.signal.aborted).toBe(false);
  await work.leave(B);
  expect(starts[0]?.signal.aborted).toBe(true);
  await Promise.all(calls);
});

it("starts afresh after an abort instead of joining what is dying", async () => {
  const first = expect(work.run(A, job, untilDone)).rejects.toThrow();
  const leaving = work.leave(A);
  const second = work.run(A, job, untilDone);
  await leaving;
  await first;
  expect(starts).toHaveLength(2);
  starts[1]?.outcome.resolve();
  await second;
});

it("keeps a finished result's volume interested until the linger time is over", async () => {
  await expect(work.run(A, job, giveUp)).rejects.toThrow();
  starts[0]?.outcome.resolve();
  await settle();
  expect(work.isInterested(A)).toBe(true);
  await clock.advance(LINGER_MS);
  expect(work.isInterested(A)).toBe(false);
});

it("forgets volumes without a call when the work fails, so that their roots can go", async () => {
  await expect(work.run(A, job, giveUp)).rejects.toThrow();
  starts[0]?.outcome.reject(new Error("no cache has it"));
  await settle();
  expect(work.isInterested(A)).toBe(false);
  expect(clock.timerCount).toBe(0);
});

it("aborts everything on stop and takes nothing new", async () => {
  const call = expect(work.run(A, job, untilDone)).rejects.toThrow();
  await work.stop();
  await call;
  expect(starts[0]?.signal.aborted).toBe(true);
  await expect(work.run(A, job, untilDone)).rejects.toThrow(NiphasError);
  expect(clock.timerCount).toBe(0);
});
