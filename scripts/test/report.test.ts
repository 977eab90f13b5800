import { describe, expect, it } from "vitest";
import { summarise } from "./report.ts";

describe("the summary of a test run", () => {
  it("adds up all stages in one last line", () => {
    const { lines } = summarise([
      { stage: "unit", passed: 3, failed: [], skipped: [] },
      { stage: "real", passed: 2, failed: [], skipped: [] },
    ]);
    expect(lines).toEqual(["5 passed, 0 failed, 0 skipped"]);
  });

  it("names each failed and each skipped test with its stage and reason", () => {
    const { lines, failed } = summarise([
      { stage: "real", passed: 0, failed: ["a > b"], skipped: [{ name: "a > c", reason: "needs btrfs" }] },
    ]);
    expect(failed).toBe(1);
    expect(lines).toEqual([
      "skipped [real] a > c: needs btrfs",
      "failed  [real] a > b",
      "0 passed, 1 failed, 1 skipped",
    ]);
  });
});
