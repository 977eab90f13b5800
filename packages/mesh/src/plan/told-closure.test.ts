import { expect, it } from "vitest";
import { pathHashOf } from "../upstream/path-hash.ts";
import { neededBy } from "./told-closure.ts";
import { testInfo } from "./twins/plan-rig.ts";

const CLOSURE = Array.from({ length: 13 }, (_, index) => testInfo(index, 13));
const [ROOT, CHILD] = [testInfo(0, 13), testInfo(1, 13)];

it("of an answer that is kept which the asked path needs", () => {
  const below = neededBy(pathHashOf(CHILD.path), CLOSURE);
  expect([...below.values()].map(({ path }) => path)).toEqual([1, 4, 5, 6].map((index) => testInfo(index, 13).path));
  expect(neededBy(pathHashOf(ROOT.path), CLOSURE).size).toBe(13);
});

it("nothing is kept of an answer without the asked path", () => {
  expect(neededBy(pathHashOf(ROOT.path), CLOSURE.slice(1)).size).toBe(0);
});

it("of a path that is told twice the first counts", () => {
  const other = { ...ROOT, references: [] };
  expect(neededBy(pathHashOf(ROOT.path), [ROOT, other, ...CLOSURE]).size).toBe(13);
  expect([...neededBy(pathHashOf(ROOT.path), [other, ...CLOSURE]).values()]).toEqual([other]);
});
