import { describe, expect, it } from "vitest";
import { planClosure } from "./closure-shape.ts";

const OPTIONS = { name: "app", pathCount: 200, fileCount: 1001, seed: 7 };

describe("planClosure", () => {
  it("gives the same paths for the same seed and others for another", () => {
    expect(planClosure(OPTIONS)).toEqual(planClosure(OPTIONS));
    expect(planClosure({ ...OPTIONS, seed: 8 })[0]?.path).not.toBe(planClosure(OPTIONS)[0]?.path);
  });

  it("reaches every path from the root, through several layers", () => {
    const planned = planClosure(OPTIONS);
    const references = new Map(planned.map((each) => [each.path, each.references]));
    const seen = new Set(planned.slice(0, 1).map((each) => each.path));
    for (const path of seen) for (const reference of references.get(path) ?? []) seen.add(reference);
    expect(seen.size).toBe(OPTIONS.pathCount);
    expect(planned[0]?.references.length).toBeLessThan(10);
  });

  it("spreads exactly the files that were asked for", () => {
    const total = planClosure(OPTIONS).reduce((sum, each) => sum + each.fileCount, 0);
    expect(total).toBe(OPTIONS.fileCount);
  });
});
