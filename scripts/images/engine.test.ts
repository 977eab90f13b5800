import { describe, expect, it } from "vitest";
import { sourceDateEpoch } from "./engine.ts";

describe("the time of files in images", () => {
  it("is 1970 unless SOURCE_DATE_EPOCH says otherwise", () => {
    expect(sourceDateEpoch({})).toBe("0");
    expect(sourceDateEpoch({ SOURCE_DATE_EPOCH: "1700000000" })).toBe("1700000000");
  });

  it("must be a number of seconds", () => {
    expect(() => sourceDateEpoch({ SOURCE_DATE_EPOCH: "yesterday" })).toThrow("SOURCE_DATE_EPOCH must be a number");
  });
});
