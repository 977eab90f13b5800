import { parseNarHash, parseStorePath } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseByteRange } from "./byte-range.ts";
import { formatNarUrl, parseNarUrl } from "./nar-url.ts";

describe("a Range header", () => {
  it.each([
    [undefined, "whole"],
    ["bytes=0-", { start: 0, end: 100 }],
    ["bytes=10-", { start: 10, end: 100 }],
    ["bytes=10-19", { start: 10, end: 20 }],
    ["bytes=10-10000", { start: 10, end: 100 }],
    ["bytes=-5", { start: 95, end: 100 }],
    ["bytes=-500", { start: 0, end: 100 }],
    ["bytes=100-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=20-10", "whole"],
    ["bytes=-", "whole"],
    ["bytes=0-1,5-6", "whole"],
    ["lines=1-2", "whole"],
  ])("%s of 100 bytes", (header, expected) => {
    expect(parseByteRange(header, 100)).toEqual(expected);
  });

  it("never leads outside of the bytes", () => {
    const header = fc.oneof(
      fc.string(),
      fc.tuple(fc.bigInt(), fc.bigInt()).map(([a, b]) => `bytes=${a}-${b}`),
    );
    fc.assert(
      fc.property(header, fc.nat(), (text, sizeBytes) => {
        const range = parseByteRange(text, sizeBytes);
        if (typeof range === "object")
          expect(0 <= range.start && range.start < range.end && range.end <= sizeBytes).toBe(true);
      }),
    );
  });
});

describe("a NAR's URL", () => {
  const path = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-app");
  const narHash = parseNarHash(`sha256:${"0".repeat(51)}a`);

  it("is made of both hashes and the compression, and says nothing of who has it", () => {
    const raw = formatNarUrl({ path, narHash, compression: "none" });
    expect(raw).toBe(`nar/0123456789abcdfghijklmnpqrsvwxyz-${"0".repeat(51)}a.nar`);
    for (const compression of ["none", "xz", "zstd", "bzip2"]) {
      const url = formatNarUrl({ path, narHash, compression }).slice("nar/".length);
      expect(parseNarUrl(url)).toEqual({ path: "0123456789abcdfghijklmnpqrsvwxyz", narHash, compression });
    }
  });

  it("is nothing else", () => {
    const good = formatNarUrl({ path, narHash, compression: "none" }).slice("nar/".length);
    for (const bad of [
      "",
      "a.nar",
      good.slice(1),
      `${good}.`,
      `${good}.x/y`,
      `${good}?x`,
      good.toUpperCase(),
      good.replace("-0", "-z"),
    ]) {
      expect(parseNarUrl(bad)).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (text) => parseNarUrl(text) === undefined));
  });
});
