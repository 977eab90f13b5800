import { expect, it } from "vitest";
import { parseOptions } from "./options.ts";

it("reads the command line, with defaults", () => {
  expect(parseOptions(["--nodes", "100", "--json"])).toEqual({
    nodeCount: 100,
    seed: 1,
    sizeMib: 1024,
    rangeMib: 8,
    zoneCount: 1,
    isSequential: false,
    isJson: true,
  });
});

it.each([
  [],
  ["--nodes", "1"],
  ["--nodes", "10001"],
  ["--nodes", "x"],
  ["--nodes", "5", "--else"],
])("refuses %j %j", (...args) => {
  expect(() => parseOptions(args)).toThrow("usage:");
});
