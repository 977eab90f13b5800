import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseRunTarget } from "./target.ts";

const path = `/nix/store/${"a".repeat(32)}-hello`;

describe("parseRunTarget", () => {
  it("knows store paths and paths inside them", () => {
    expect(parseRunTarget(path, "/")).toEqual({ kind: "storePath", storePath: path, subPath: "" });
    expect(parseRunTarget(`${path}/bin/x`, "/")).toEqual({ kind: "storePath", storePath: path, subPath: "bin/x" });
  });

  it.each([
    "nixpkgs#hello",
    ".",
    ".#app",
    "path:/nix/store/x#y",
    "github:owner/repo",
    `${path}#app`,
  ])("takes %s as a flake reference", (reference) => {
    expect(parseRunTarget(reference, "/")).toEqual({ kind: "flake", reference });
  });

  it("refuses what begins like a store path and is none", () => {
    expect(() => parseRunTarget("/nix/store/hello", "/")).toThrow(/not a store path/);
    expect(() => parseRunTarget(`${path}/../x`, "/")).toThrow(/not a path inside/);
  });

  it("takes a link that leads nowhere as a flake reference, so that Nix says what is wrong", () => {
    const dir = mkdtempSync(join(tmpdir(), "niphas-target-"));
    try {
      symlinkSync(path, join(dir, "result"));
      expect(parseRunTarget("./result", dir)).toEqual({ kind: "flake", reference: "./result" });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
