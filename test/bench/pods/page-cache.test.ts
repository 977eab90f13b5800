import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";
import { expect, it } from "vitest";
import { filesBelow } from "./page-cache.ts";

it("counts each inode once, whatever its names, and passes over links and directories", async () => {
  await using directory = temporaryDirectory("page-cache");
  mkdirSync(directory.join("sub"));
  writeFileSync(directory.join("sub/file"), "text");
  linkSync(directory.join("sub/file"), directory.join("same"));
  symlinkSync("sub/file", directory.join("link"));
  expect(filesBelow(directory.path)).toHaveLength(1);
});
