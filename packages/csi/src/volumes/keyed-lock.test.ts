import { settle } from "@niphas/service";
import { expect, it } from "vitest";
import { KeyedLock } from "./keyed-lock.ts";

const never = new AbortController().signal;

it("runs one holder per key at a time, first come first served", async () => {
  const lock = new KeyedLock<string>();
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} begins`);
    await settle();
    events.push(`${name} ends`);
  };
  await Promise.all(["a", "b", "c"].map(async (name) => lock.run("key", never, work(name))));
  expect(events).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  expect(lock.isHeld("key")).toBe(false);
});

it("does not make other keys wait", async () => {
  const lock = new KeyedLock<string>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = lock.run("one", never, async () => promise);
  expect(await lock.run("two", never, async () => Promise.resolve("done"))).toBe("done");
  resolve();
  await held;
});

it("takes a waiter whose signal aborts out of the queue, and goes on with the next", async () => {
  const lock = new KeyedLock<string>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const controller = new AbortController();
  const held = lock.run("key", never, async () => promise);
  const impatient = lock.run("key", controller.signal, async () => Promise.resolve("never"));
  const patient = lock.run("key", never, async () => Promise.resolve("mine"));
  controller.abort(new Error("left"));
  await expect(impatient).rejects.toThrow("left");
  resolve();
  await held;
  expect(await patient).toBe("mine");
});

it("refuses at once when the signal has already aborted", async () => {
  const lock = new KeyedLock<string>();
  await expect(lock.run("key", AbortSignal.abort(new Error("late")), async () => Promise.resolve())).rejects.toThrow();
  expect(lock.isHeld("key")).toBe(false);
});

it("is free again after a holder throws", async () => {
  const lock = new KeyedLock<string>();
  await expect(lock.run("key", never, async () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(lock.isHeld("key")).toBe(false);
});
