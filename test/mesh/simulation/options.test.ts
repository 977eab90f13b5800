import { expect, it } from "vitest";
import { parseOptions } from "./options.ts";

it("reads the command line, with defaults", () => {
  expect(parseOptions(["--nodes", "100", "--json"])).toEqual({
    nodeCount: 100,
    seed: 1,
    sizeMib: 1024,
    rangeMib: 8,
    zoneCount: 1,
    isJson: true,
    hasProgress: false,
  });
});

it("takes coarser ranges for thousands of nodes, unless it is told how large they are", () => {
  expect(parseOptions(["--nodes", "10000"]).rangeMib).toBe(64);
  expect(parseOptions(["--nodes", "10000", "--range-mib", "16"]).rangeMib).toBe(16);
});

it.each([
  [],
  ["--nodes", "1"],
  ["--nodes", "10001"],
  ["--nodes", "x"],
  ["--nodes", "5", "--else"],
  ["--nodes", "5", "--range-mib", "12"],
])("refuses %j %j", (...args) => {
  expect(() => parseOptions(args)).toThrow("usage:");
});
