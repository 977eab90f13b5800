import fc from "fast-check";
import { expect, it } from "vitest";
import { parseFlakeReference } from "./flake-reference.ts";

it.each([".", ".#app", "github:owner/repo/rev#pkg", "path:/a dir/with space", "/nix/store/x"])("takes %j", (text) => {
  expect(parseFlakeReference(text)).toBe(text);
});

it.each(["", "-", "--option", "-f", "a\nb", "a\0b", "x".repeat(5_000)])("refuses %j", (text) => {
  expect(() => parseFlakeReference(text)).toThrow("not a flake reference");
});

it("never takes what begins with a dash", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => parseFlakeReference(`-${text}`)).toThrow();
    }),
  );
});
