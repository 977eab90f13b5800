import { isNiphasError } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAtLeast, parseNixVersion } from "./nix-version.ts";

describe("parseNixVersion", () => {
  it.each([
    ["nix-store (Nix) 2.8.0\n", 2, 8, "2.8.0"],
    ["nix-store (Nix) 2.34.8\n", 2, 34, "2.34.8"],
    ["nix (Nix) 2.19.0pre20231010_abc\n", 2, 19, "2.19.0pre20231010_abc"],
    ["nix-store (Lix, like Nix) 2.92.0\n", 2, 92, "2.92.0"],
  ])("reads %j", (output, major, minor, text) => {
    expect(parseNixVersion(output)).toEqual({ major, minor, text });
  });

  it.each(["nix-store (Nix) 2.3.16\n", "nix-store (Nix) 1.11\n"])("refuses the older %j", (output) => {
    expect(() => parseNixVersion(output)).toThrow("install 2.8 or newer");
  });

  it("refuses anything else with our own error", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseNixVersion(text);
        } catch (error) {
          expect(isNiphasError(error)).toBe(true);
        }
      }),
    );
  });
});

it("orders versions by number, not by text", () => {
  expect(isAtLeast(parseNixVersion("nix (Nix) 2.34.8"), 2, 8)).toBe(true);
  expect(isAtLeast(parseNixVersion("nix (Nix) 2.8.0"), 2, 16)).toBe(false);
  expect(isAtLeast({ major: 3, minor: 0, text: "3.0" }, 2, 34)).toBe(true);
});
