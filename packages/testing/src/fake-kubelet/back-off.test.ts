import { describe, expect, it } from "vitest";
import { BackOff } from "./back-off.ts";

describe("BackOff", () => {
  it("starts at half a second and doubles up to 2 minutes 2 seconds", () => {
    const backOff = new BackOff(1);
    const delays = Array.from({ length: 10 }, () => backOff.nextDelayMs("setUp"));
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 122_000, 122_000]);
  });

  it("starts again for another operation and after a success", () => {
    const backOff = new BackOff(0.01);
    backOff.nextDelayMs("setUp");
    expect(backOff.nextDelayMs("setUp")).toBe(10);
    expect(backOff.nextDelayMs("tearDown")).toBe(5);
    backOff.reset();
    expect(backOff.nextDelayMs("tearDown")).toBe(5);
  });
});
