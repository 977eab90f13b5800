import { describe, expect, it } from "vitest";
import { epochMs } from "./task-starts.ts";

describe("containerd's time of an event", () => {
  it("is read in UTC, to less than a millisecond", () => {
    expect(epochMs("1970-01-02 00:00:01.25")).toBe(86_401_250);
    expect(epochMs("1970-01-01 00:00:00.123456789")).toBeCloseTo(123.456789, 6);
  });

  it("may lie on a whole second", () => {
    expect(epochMs("1970-01-01 00:00:07")).toBe(7000);
  });
});
