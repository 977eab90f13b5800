import { describe, expect, it } from "vitest";
import { SharedWork } from "./shared-work.ts";

/** Work that ends when the test says so. */
function controlled() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  const start = (signal: AbortSignal): Promise<string> => {
    signals.push(signal);
    signal.addEventListener("abort", () => reject(new Error("aborted")));
    return promise;
  };
  return { start, resolve, reject, signals };
}

const live = (): AbortSignal => new AbortController().signal;

describe("SharedWork", () => {
  it("runs once for all who ask at the same time, and again later", async () => {
    const work = new SharedWork<string>();
    const first = controlled();
    const answers = Promise.all([work.join("a", first.start, live()), work.join("a", first.start, live())]);
    first.resolve("done");
    expect(await answers).toEqual(["done", "done"]);
    expect(first.signals).toHaveLength(1);
    const second = controlled();
    second.resolve("again");
    expect(await work.join("a", second.start, live())).toBe("again");
  });

  it("keeps different work apart", async () => {
    const work = new SharedWork<string>();
    const [one, other] = [controlled(), controlled()];
    one.resolve("one");
    other.resolve("other");
    expect(await Promise.all([work.join("1", one.start, live()), work.join("2", other.start, live())])).toEqual([
      "one",
      "other",
    ]);
  });

  it("tells everybody of a failure, and forgets it", async () => {
    const work = new SharedWork<string>();
    const failing = controlled();
    const answers = [work.join("a", failing.start, live()), work.join("a", failing.start, live())];
    failing.reject(new Error("no"));
    for (const answer of answers) await expect(answer).rejects.toThrow("no");
    const next = controlled();
    next.resolve("yes");
    expect(await work.join("a", next.start, live())).toBe("yes");
  });

  it("goes on while one caller is left and aborts when the last one goes", async () => {
    const work = new SharedWork<string>();
    const task = controlled();
    const [one, other] = [new AbortController(), new AbortController()];
    const answers = [work.join("a", task.start, one.signal), work.join("a", task.start, other.signal)];
    one.abort();
    await expect(answers[0]).rejects.toMatchObject({ code: "Cancelled" });
    expect(task.signals[0]?.aborted).toBe(false);
    other.abort();
    await expect(answers[1]).rejects.toMatchObject({ code: "Cancelled" });
    expect(task.signals[0]?.aborted).toBe(true);
  });

  it("lets a caller that comes after the abort start anew", async () => {
    const work = new SharedWork<string>();
    const [abandoned, fresh] = [controlled(), controlled()];
    const leaving = new AbortController();
    const left = work.join("a", abandoned.start, leaving.signal);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: "Cancelled" });
    fresh.resolve("fresh");
    expect(await work.join("a", fresh.start, live())).toBe("fresh");
  });

  it("does not start for a caller that is cancelled already", async () => {
    const task = controlled();
    await expect(new SharedWork<string>().join("a", task.start, AbortSignal.abort())).rejects.toMatchObject({
      code: "Cancelled",
    });
    expect(task.signals).toEqual([]);
  });

  it("aborts everything when it is stopped", async () => {
    const work = new SharedWork<string>();
    const task = controlled();
    const answer = work.join("a", task.start, live());
    const failure = expect(answer).rejects.toThrow("aborted");
    await work.stop();
    await failure;
  });
});
