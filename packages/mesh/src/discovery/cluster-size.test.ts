import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DiscoveryMode, nextMode, suppliedModes } from "./cluster-size.ts";

describe("the way holders are found", () => {
  it("is by summaries up to 256 members, by keepers beyond", () => {
    expect([nextMode(1), nextMode(256), nextMode(257)]).toEqual(["summaries", "summaries", "rendezvous"]);
  });

  it("goes back only when the cluster has become clearly smaller", () => {
    expect([256, 193, 192].map((count) => nextMode(count, "rendezvous"))).toEqual([
      "rendezvous",
      "rendezvous",
      "summaries",
    ]);
  });

  it("is one that every node of a cluster supplies, whatever their histories and if they see up to 64 members more or less", () => {
    const mode = fc.constantFrom<DiscoveryMode>("summaries", "rendezvous");
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: -63, max: 63 }),
        mode,
        (seen, difference, before) => {
          expect(suppliedModes(Math.max(1, seen + difference))).toContain(nextMode(seen, before));
        },
      ),
    );
  });
});
