import { describe, expect, it } from "vitest";
import { clusterTools, missingForCluster } from "./tools.ts";

describe("missingForCluster", () => {
  it("names every thing that is not there", () => {
    const missing = missingForCluster({ NIPHAS_KUBERNETES: "/", NIPHAS_COREDNS: "/no/such/file" });
    expect(missing.filter((each) => each !== "root")).toEqual([
      "what NIPHAS_NODE_ROOT names",
      "what NIPHAS_COREDNS names",
    ]);
  });
});

describe("clusterTools", () => {
  it("says how to get what is missing", () => {
    expect(() => clusterTools({})).toThrow(/NIPHAS_KUBERNETES.*: run scripts\/setup\.sh cluster as root/);
  });
});
