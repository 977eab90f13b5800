import { describe, expect, it } from "vitest";
import { Semaphore } from "./semaphore.ts";

const never = new AbortController().signal;

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

describe("Semaphore", () => {
  it("lets in as many as there is room for, in the order of asking", async () => {
    const semaphore = new Semaphore(2);
    const gates = [gate(), gate(), gate(), gate()];
    const started: number[] = [];
    const works = gates.map((each, index) =>
      semaphore.run(never, () => {
        started.push(index);
        return each.promise;
      }),
    );
    await Promise.resolve();
    expect(started).toEqual([0, 1]);
    gates[1]?.open();
    await works[1];
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);
    for (const each of gates) each.open();
    await Promise.all(works);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it("frees the place of work that failed", async () => {
    const semaphore = new Semaphore(1);
    await expect(semaphore.run(never, () => Promise.reject(new Error("bad")))).rejects.toThrow("bad");
    await expect(semaphore.run(never, () => Promise.resolve("good"))).resolves.toBe("good");
  });

  it("lets who waits leave, without losing a place", async () => {
    const semaphore = new Semaphore(1);
    const first = gate();
    const running = semaphore.run(never, () => first.promise);
    const leaving = new AbortController();
    const left = semaphore.run(leaving.signal, () => Promise.resolve("never"));
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    first.open();
    await running;
    await expect(semaphore.run(never, () => Promise.resolve("in"))).resolves.toBe("in");
  });
});
