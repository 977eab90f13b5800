import { describe, expect, it } from "vitest";
import { MESH_SPECS } from "./specs.ts";
import { MESH_SCENARIOS } from "./suite.ts";

describe("the mesh's benchmark", () => {
  it("measures each of its rows in exactly one scenario", () => {
    const measured = MESH_SCENARIOS.flatMap(({ rowIds }) => rowIds);
    expect(measured.toSorted()).toEqual(MESH_SPECS.map(({ id }) => id).toSorted());
  });
});
