import { isNiphasError } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DiskSpace } from "../ports.ts";
import { DEFAULT_GC_TARGETS, parseFreeTarget, targetsMet } from "./targets.ts";

describe("parseFreeTarget", () => {
  it.each([
    ["20%", { ratio: 0.2 }],
    ["0%", { ratio: 0 }],
    ["12.5%", { ratio: 0.125 }],
    ["500000", { amount: 500_000 }],
    ["10Gi", { amount: 10 * 2 ** 30 }],
    ["5G", { amount: 5e9 }],
    ["64k", { amount: 64_000 }],
  ])("reads %j", (text, target) => {
    expect(parseFreeTarget(text)).toEqual(target);
  });

  it.each(["", "%", "101%", "-1%", "1 Gi", "1GiB", "1e9", "0x10", "ten"])("refuses %j", (text) => {
    expect(() => parseFreeTarget(text)).toThrow("such as 20% or 10Gi");
  });

  it("gives a target or our own error for every text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseFreeTarget(text);
        } catch (error) {
          expect(isNiphasError(error)).toBe(true);
        }
      }),
    );
  });
});

describe("targetsMet", () => {
  const space: DiskSpace = { freeBytes: 300, freeBytesRatio: 0.3, freeInodes: 10, freeInodesRatio: 0.1 };

  it("needs bytes and inodes both", () => {
    expect(targetsMet(space, { freeBytes: { ratio: 0.3 }, freeInodes: { ratio: 0.1 } })).toBe(true);
    expect(targetsMet(space, { freeBytes: { ratio: 0.31 }, freeInodes: { ratio: 0.1 } })).toBe(false);
    expect(targetsMet(space, DEFAULT_GC_TARGETS)).toBe(false);
  });

  it("takes amounts as well as shares", () => {
    expect(targetsMet(space, { freeBytes: { amount: 300 }, freeInodes: { amount: 10 } })).toBe(true);
    expect(targetsMet(space, { freeBytes: { amount: 300 }, freeInodes: { amount: 11 } })).toBe(false);
  });
});
