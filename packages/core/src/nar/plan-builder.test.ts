import { describe, expect, it } from "vitest";
import { fromLatin1 } from "./byte-string.ts";
import { NarPlanBuilder } from "./plan-builder.ts";

describe("a plan's builder", () => {
  it.each<[string, (builder: NarPlanBuilder) => void]>([
    ["a second root", (builder) => files(builder, "", "")],
    ["a root with a name", (builder) => files(builder, "a")],
    ["a name out of order", (builder) => within(builder, (b) => files(b, "b", "a"))],
    ["a name twice", (builder) => within(builder, (b) => files(b, "a", "a"))],
    ["an empty name", (builder) => within(builder, (b) => files(b, ""))],
    ["a name with a slash", (builder) => within(builder, (b) => files(b, "a/b"))],
    ["the name ..", (builder) => within(builder, (b) => files(b, ".."))],
    ["an empty link", (builder) => within(builder, (b) => b.symlink(fromLatin1("a"), fromLatin1("")))],
    ["an end without a beginning", (builder) => builder.leaveDirectory()],
  ])("refuses %s", (_what, add) => {
    const builder = new NarPlanBuilder();
    expect(() => add(builder)).toThrow(expect.objectContaining({ code: "BadBytes" }));
  });

  it("refuses a tree without an end, and none at all", () => {
    const builder = new NarPlanBuilder();
    expect(() => builder.draft()).toThrow(expect.objectContaining({ code: "BadBytes" }));
    builder.enterDirectory(fromLatin1(""));
    expect(() => builder.draft()).toThrow(expect.objectContaining({ code: "BadBytes" }));
  });

  it("refuses files that were not measured, that have no whole size, and that are larger than can be", () => {
    const builder = new NarPlanBuilder();
    within(builder, (b) => files(b, "a", "b"));
    builder.leaveDirectory();
    const draft = builder.draft();
    const finish = (sizeBytes: number) => () => {
      draft.measure(1, { sizeBytes, isExecutable: false });
      return draft.finish();
    };
    const badBytes = expect.objectContaining({ code: "BadBytes" });
    for (const sizeBytes of [1, 0.5, -1, Number.NaN]) expect(finish(sizeBytes)).toThrow(badBytes);
    draft.measure(2, { sizeBytes: 2 ** 53 - 1, isExecutable: false });
    expect(finish(2 ** 53 - 1)).toThrow(badBytes);
    draft.measure(2, { sizeBytes: 1, isExecutable: true });
    expect(finish(1)().sizeBytes).toBeGreaterThan(2);
  });
});

function within(builder: NarPlanBuilder, add: (builder: NarPlanBuilder) => void): void {
  builder.enterDirectory(fromLatin1(""));
  add(builder);
}

function files(builder: NarPlanBuilder, ...names: readonly string[]): void {
  for (const each of names) builder.file(fromLatin1(each));
}
