import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openStateDirectory } from "./state-directory.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "niphas-state-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

it("is closed to others as a whole, and its store can be read through a mount", () => {
  const stateDir = join(parent, "state");
  const { dir, storeRootDir, viewsDir } = openStateDirectory(stateDir);
  const modeOf = (path: string): number => statSync(path).mode & 0o777;
  expect([modeOf(dir), modeOf(storeRootDir), modeOf(viewsDir)]).toEqual([0o700, 0o755, 0o700]);
});

it("opens a store to readers that was closed before", () => {
  mkdirSync(join(parent, "store"), { mode: 0o700 });
  expect(statSync(openStateDirectory(parent).storeRootDir).mode & 0o777).toBe(0o755);
});

it("says when it cannot be made", () => {
  writeFileSync(join(parent, "file"), "");
  expect(() => openStateDirectory(join(parent, "file"))).toThrow(expect.objectContaining({ code: "StoreUnavailable" }));
});
