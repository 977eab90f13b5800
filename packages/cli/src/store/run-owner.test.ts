import { describe, expect, it } from "vitest";
import { createRunOwner, isStaleRunOwner } from "./run-owner.ts";

describe("isStaleRunOwner", () => {
  it("knows its own names and whether their process lives", () => {
    expect(isStaleRunOwner(createRunOwner())).toBe(false);
    expect(isStaleRunOwner(createRunOwner(4242), (pid) => pid !== 4242)).toBe(true);
  });

  it("leaves names of others alone", () => {
    expect(isStaleRunOwner("csi-0123", () => false)).toBe(false);
    expect(isStaleRunOwner("run-x-000000000000", () => false)).toBe(false);
  });
});
