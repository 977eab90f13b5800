import { describe, expect, it } from "vitest";
import { ClusterLayout } from "./layout.ts";

describe("ClusterLayout", () => {
  it("keeps clusters of different names apart", () => {
    const paths = ["a", "b"]
      .map((name) => new ClusterLayout(name))
      .map((each) => [each.directory, each.cgroup, each.lockFile]);
    expect(new Set(paths.flat()).size).toBe(6);
  });

  it.each(["", "..", "a/b", "A", "-a", "a b", "a".repeat(21)])("refuses the name %j", (name) => {
    expect(() => new ClusterLayout(name)).toThrow(/a cluster's name/);
  });
});
