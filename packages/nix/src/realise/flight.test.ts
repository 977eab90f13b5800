import { NiphasError } from "@niphas/core";
import { describe, expect, it } from "vitest";
import type { RealiseProgress } from "../ports.ts";
import { Flight } from "./flight.ts";

const PROGRESS: RealiseProgress = {
  phase: "fetching",
  donePaths: 1,
  totalPaths: 2,
  doneBytes: 3,
  totalBytes: 4,
  sources: [],
};
const never = new AbortController().signal;

/** A flight that ends when it is told to, or when it is aborted. */
function controlledFlight() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let report: (progress: RealiseProgress) => void = () => undefined;
  const flight = new Flight((signal, onProgress) => {
    report = onProgress;
    signal.addEventListener("abort", () => reject(new NiphasError("Cancelled", "aborted")));
    return promise;
  });
  return { flight, resolve, reject, report: (progress: RealiseProgress) => report(progress) };
}

describe("Flight", () => {
  it("gives all callers the same result", async () => {
    const { flight, reject } = controlledFlight();
    const callers = [flight.join(never, () => undefined), flight.join(never, () => undefined)];
    const failure = new NiphasError("PathNotFound", "nowhere");
    reject(failure);
    expect(await Promise.allSettled(callers)).toEqual([
      { status: "rejected", reason: failure },
      { status: "rejected", reason: failure },
    ]);
  });

  it("tells a late caller how far it is", async () => {
    const { flight, resolve, report } = controlledFlight();
    const first = flight.join(never, () => undefined);
    report(PROGRESS);
    const seen: RealiseProgress[] = [];
    const late = flight.join(never, (progress) => seen.push(progress));
    expect(seen).toEqual([PROGRESS]);
    resolve();
    await Promise.all([first, late]);
  });

  it("goes on while one caller is left and is aborted with the last", async () => {
    const { flight } = controlledFlight();
    const [one, two] = [new AbortController(), new AbortController()];
    const callers = [flight.join(one.signal, () => undefined), flight.join(two.signal, () => undefined)];
    one.abort();
    await expect(callers[0]).rejects.toMatchObject({ code: "Cancelled" });
    expect(flight.isAborted).toBe(false);
    two.abort();
    await expect(callers[1]).rejects.toMatchObject({ code: "Cancelled" });
    expect(flight.isAborted).toBe(true);
    await flight.ended();
  });

  it("does not report to who has left", async () => {
    const { flight, resolve, report } = controlledFlight();
    const leaving = new AbortController();
    const seen: RealiseProgress[] = [];
    const left = flight.join(leaving.signal, (progress) => seen.push(progress));
    const stays = flight.join(never, () => undefined);
    leaving.abort();
    await expect(left).rejects.toThrow("cancelled");
    report(PROGRESS);
    expect(seen).toEqual([]);
    resolve();
    await stays;
  });
});
