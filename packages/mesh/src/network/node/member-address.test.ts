import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backOffMs } from "./back-off.ts";
import { tcpAddress } from "./member-address.ts";

describe("a mesh address", () => {
  it.each([
    ["10.0.0.1", "/ip4/10.0.0.1/tcp/4001"],
    ["fd00::1", "/ip6/fd00::1/tcp/4001"],
    ["node-1.mesh.svc.cluster.local", "/dns/node-1.mesh.svc.cluster.local/tcp/4001"],
  ])("of %s is %s", (host, address) => {
    expect(tcpAddress(host, 4001)).toBe(address);
  });

  it("of any other text is refused, or holds the text as one part", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (host, port) => {
        try {
          expect(tcpAddress(host, port).split("/")).toHaveLength(5);
        } catch (error) {
          expect(error).toMatchObject({ code: "InvalidConfiguration" });
        }
      }),
    );
  });
});

describe("the back-off", () => {
  it("grows from a second to a minute, a fifth more or less", () => {
    expect([1, 2, 3, 100].map((failures) => backOffMs(failures, () => 0.5))).toEqual([1000, 2000, 4000, 60_000]);
    expect([0, 1].map((random) => Math.round(backOffMs(1, () => random)))).toEqual([800, 1200]);
  });
});
