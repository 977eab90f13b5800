import { describe, expect, it } from "vitest";
import { untilAborted } from "./until-aborted.ts";

describe("untilAborted", () => {
  it("gives what the work comes to", async () => {
    const { signal } = new AbortController();
    await expect(untilAborted(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(untilAborted(Promise.reject(new Error("failed")), signal)).rejects.toThrow("failed");
  });

  it("gives the signal's reason, whether it aborts before or while it waits", async () => {
    const controller = new AbortController();
    const endless = new Promise<never>(() => undefined);
    const waiting = untilAborted(endless, controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(untilAborted(endless, controller.signal)).rejects.toThrow("enough");
  });

  it("leaves no failure behind that nobody handles", async () => {
    const work = Promise.withResolvers<never>();
    await expect(untilAborted(work.promise, AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
    work.reject(new Error("too late"));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
