import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../resources/temporary-directory.ts";
import { narDigest } from "./nar.ts";
import { readTree } from "./read-tree.ts";
import { directory, file, symlink, type Tree } from "./tree.ts";
import { writeTree } from "./write-tree.ts";

describe("narDigest", () => {
  it("gives what `nix-store --dump` gives", () => {
    const tree = directory({
      bin: directory({ run: file("#!/bin/sh\n", { executable: true }) }),
      empty: file(""),
      link: symlink("bin/run"),
    });
    expect(narDigest(tree)).toEqual({
      sha256Hex: "0afd3f13b24e9afb4ed0f5fe31b3f640954edf63ed081cec09fdb74a6b6e73a2",
      sizeBytes: 872,
    });
  });

  it("is the same for a tree that was written to disk and read back", async () => {
    const leaf = fc.oneof(
      fc
        .record({ content: fc.uint8Array({ maxLength: 40 }), executable: fc.boolean() })
        .map(({ content, executable }): Tree => file(content, { executable })),
      fc.stringMatching(/^[a-z./]{1,20}$/).map((target): Tree => symlink(target)),
    );
    const name = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
    const level = (inner: fc.Arbitrary<Tree>) => fc.dictionary(name, inner, { maxKeys: 4 }).map(directory);
    await using scratch = temporaryDirectory("nar-test");
    let run = 0;
    fc.assert(
      fc.property(level(fc.oneof(leaf, level(leaf))), (tree) => {
        const path = scratch.join(`tree-${run++}`);
        writeTree(tree, path);
        expect(narDigest(readTree(path))).toEqual(narDigest(tree));
      }),
      { numRuns: 50 },
    );
  });
});
