import fc from "fast-check";
import { expect, it } from "vitest";
import { parseCacheInfo } from "./cache-info.ts";

it("reads store directory and priority, and passes over the rest", () => {
  const text = "StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\nnonsense\n: x\n";
  expect(parseCacheInfo(text)).toEqual({ storeDir: "/nix/store", priority: 40 });
  expect(parseCacheInfo("StoreDir: /gnu/store")).toEqual({ storeDir: "/gnu/store", priority: 0 });
  expect(parseCacheInfo("Priority: -1")).toEqual({ storeDir: "/nix/store", priority: 0 });
});

it("reads anything", () => {
  const property = fc.property(fc.string({ unit: "binary" }), (text) => {
    expect(parseCacheInfo(text).priority).toBeGreaterThanOrEqual(0);
  });
  fc.assert(property);
});
