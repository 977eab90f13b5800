import { describe, expect, it } from "vitest";
import { freeBytes, giveAway } from "./free-bytes.ts";

describe("freeBytes", () => {
  it("frees bytes that were given away", () => {
    const bytes = Buffer.allocUnsafeSlow(100);
    giveAway(bytes);
    freeBytes(bytes);
    expect(bytes.byteLength).toBe(0);
  });

  it("leaves bytes alone that somebody else has", () => {
    const bytes = Buffer.allocUnsafeSlow(100);
    freeBytes(bytes);
    expect(bytes.byteLength).toBe(100);
  });

  it("leaves a part of what was given away alone", () => {
    const bytes = Buffer.allocUnsafeSlow(100);
    giveAway(bytes);
    freeBytes(bytes.subarray(0, 50));
    freeBytes(bytes.subarray(50));
    expect(bytes.byteLength).toBe(100);
  });
});
