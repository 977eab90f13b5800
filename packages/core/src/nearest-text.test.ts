import fc from "fast-check";
import { expect, test } from "vitest";
import { nearestText } from "./nearest-text.ts";

const KEYS = ["storePath", "storePath.x86_64-linux", "entrypoint", "view"];

test.each([
  ["storePaht", "storePath"],
  ["storepath", "storePath"],
  ["storePat", "storePath"],
  ["entryPoint", "entrypoint"],
  ["views", "view"],
  ["storePath.x86-64-linux", "storePath.x86_64-linux"],
])("%s was meant as %s", (text, meant) => {
  expect(nearestText(text, KEYS)).toBe(meant);
});

test.each(["", "readOnly", "x86_64", "flake", "storePathStorePath"])("nothing is near %j", (text) => {
  expect(nearestText(text, KEYS)).toBeUndefined();
});

test("is a candidate or nothing, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      const nearest = nearestText(text, KEYS);
      expect(nearest === undefined || KEYS.includes(nearest)).toBe(true);
    }),
  );
});
