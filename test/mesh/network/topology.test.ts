import { describe, expect, it } from "vitest";
import { planTopology } from "./topology.ts";

describe("the plan of a mesh network", () => {
  it("puts a proxy before a distant cache, and the rate behind it", () => {
    const { names, cables, upstream, cache } = planTopology({
      nodes: 1,
      nodeMbit: 500,
      upstreamMbit: 50,
      upstreamRoundTripMs: 40,
    });
    expect(names).toEqual(["switch", "cache", "proxy", "node-1"]);
    expect(upstream).toEqual({ namespace: "proxy", address: "10.77.0.1" });
    expect(cache.address).toBe("10.78.0.1");
    const rates = cables.map(({ ends, megabitsPerSecond }) => [ends[1].namespace, megabitsPerSecond]);
    expect(rates).toEqual([
      ["proxy", undefined],
      ["node-1", 500],
      ["cache", 50],
    ]);
  });

  it("puts a near cache on the nodes' own switch", () => {
    const { names, upstream, cache, cables } = planTopology({ nodes: 2, upstreamMbit: 50 });
    expect(names).toEqual(["switch", "cache", "node-1", "node-2"]);
    expect(cache).toEqual(upstream);
    expect(cables[0]?.megabitsPerSecond).toBe(50);
  });

  it.each([{ nodes: 0 }, { nodes: 201 }, { nodes: 1, upstreamRoundTripMs: 40 }])("refuses %o", (shape) => {
    expect(() => planTopology(shape)).toThrow(RangeError);
  });
});
