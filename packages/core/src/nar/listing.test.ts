import { describe, expect, it } from "vitest";
import { fromLatin1 } from "./byte-string.ts";
import { NarListing } from "./listing.ts";
import { NarPlanBuilder } from "./plan-builder.ts";

/** Sizes and marks of files by their paths; others are empty. */
type Files = ReadonlyMap<string, { readonly sizeBytes: number; readonly isExecutable: boolean }>;

function listingOf(build: (builder: NarPlanBuilder) => void, files: Files = new Map()): string | undefined {
  const builder = new NarPlanBuilder();
  build(builder);
  const draft = builder.draft();
  for (let entry = 0; entry < draft.entryCount; entry++) {
    const file = files.get(draft.pathOf(entry)) ?? { sizeBytes: 0, isExecutable: false };
    if (draft.isFile(entry)) draft.measure(entry, file);
  }
  const listing = new NarListing();
  for (const entry of draft.finish().entries()) listing.add(entry);
  return listing.finish();
}

function within(...names: readonly string[]) {
  return (builder: NarPlanBuilder): void => {
    builder.enterDirectory(fromLatin1(""));
    for (const name of names) builder.file(fromLatin1(name));
    builder.leaveDirectory();
  };
}

describe("a listing", () => {
  it("tells of files where they begin, of links where they lead, of directories what they hold", () => {
    const text = listingOf(
      (builder) => {
        builder.enterDirectory(fromLatin1(""));
        builder.enterDirectory(fromLatin1("bin"));
        builder.file(fromLatin1("run"));
        builder.leaveDirectory();
        builder.enterDirectory(fromLatin1("empty"));
        builder.leaveDirectory();
        builder.file(fromLatin1("file"));
        builder.symlink(fromLatin1("link"), fromLatin1("bin/run"));
        builder.leaveDirectory();
      },
      new Map([["bin/run", { sizeBytes: 10, isExecutable: true }]]),
    );
    expect(JSON.parse(text ?? "")).toEqual({
      version: 1,
      root: {
        type: "directory",
        entries: {
          bin: {
            type: "directory",
            entries: { run: { type: "regular", size: 10, executable: true, narOffset: 400 } },
          },
          empty: { type: "directory", entries: {} },
          file: { type: "regular", size: 0, narOffset: 800 },
          link: { type: "symlink", target: "bin/run" },
        },
      },
    });
  });

  it("of one file is that file", () => {
    const text = listingOf(
      (builder) => builder.file(fromLatin1("")),
      new Map([["", { sizeBytes: 3, isExecutable: false }]]),
    );
    expect(JSON.parse(text ?? "")).toEqual({ version: 1, root: { type: "regular", size: 3, narOffset: 96 } });
  });

  it("keeps names that are special in JavaScript or JSON", () => {
    const names = ["\n", '"', "10", "2", "\\", "__proto__", "constructor"];
    const { root } = JSON.parse(listingOf(within(...names)) ?? "");
    expect(Object.keys(root.entries).sort()).toEqual(names);
  });

  it("has names as text", () => {
    expect(listingOf(within("\xc3\xbc"))).toContain('"ü":');
  });

  it("cannot be where a name or a target is no text", () => {
    expect(listingOf(within("a", "b\xff"))).toBeUndefined();
    expect(listingOf((builder) => builder.symlink(fromLatin1(""), fromLatin1("\xc3(")))).toBeUndefined();
  });
});
