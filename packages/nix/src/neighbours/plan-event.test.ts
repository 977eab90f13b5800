import { isNiphasError } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePlanEvent } from "./plan-event.ts";

const PROGRESS = {
  doneBytes: 1,
  totalBytes: 2,
  donePaths: 3,
  totalPaths: 4,
  peers: 5,
  peerBytes: 6,
  upstreamBytes: 7,
};

describe("an event of a plan", () => {
  it("is read with its numbers, and fields that nobody knows are passed over", () => {
    const line = JSON.stringify({ event: "progress", ...PROGRESS, etaSeconds: 5 });
    expect(parsePlanEvent(line)).toEqual({ event: "progress", progress: PROGRESS });
    expect(parsePlanEvent('{"event":"failed","reason":"x"}')).toEqual({ event: "failed", reason: "x" });
    expect(parsePlanEvent('{"event":"failed"}')).toEqual({ event: "failed", reason: "" });
  });

  it("of a name that nobody knows is passed over", () => {
    expect(parsePlanEvent('{"event":"rebalanced"}')).toBeUndefined();
  });

  it.each([
    ["nothing", ""],
    ["no object", "[]"],
    ["no name", "{}"],
    ["a missing number", '{"event":"progress"}'],
    ["a negative number", JSON.stringify({ event: "progress", ...PROGRESS, doneBytes: -1 })],
    ["a number that is not whole", JSON.stringify({ event: "progress", ...PROGRESS, doneBytes: 0.5 })],
    ["a number that is too large", JSON.stringify({ event: "progress", ...PROGRESS, doneBytes: 2 ** 60 })],
  ])("is refused with %s", (_what, line) => {
    expect(() => parsePlanEvent(line)).toThrow(expect.objectContaining({ code: "BadBytes" }));
  });

  it("is read, passed over or refused, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        try {
          parsePlanEvent(line);
        } catch (error) {
          expect(isNiphasError(error)).toBe(true);
        }
      }),
    );
  });
});
