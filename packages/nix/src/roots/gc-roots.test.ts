import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseStorePath } from "@niphas/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GcRoots } from "../ports.ts";
import { createGcRoots } from "./gc-roots.ts";

const APP = parseStorePath(`/nix/store/${"a".repeat(32)}-app`);
const LIB = parseStorePath(`/nix/store/${"b".repeat(32)}-lib`);

describe("direct roots", () => {
  let rootDir = "";
  let roots: GcRoots;
  beforeEach(() => {
    rootDir = mkdtempSync(join(tmpdir(), "niphas-roots-"));
    mkdirSync(join(rootDir, "nix/var/nix/gcroots"), { recursive: true });
    roots = createGcRoots({ rootDir });
  });
  afterEach(() => rmSync(rootDir, { recursive: true }));

  it("are links to the logical store path below the owner", () => {
    roots.add("csi-1", [APP, LIB]);
    const dir = join(rootDir, "nix/var/nix/gcroots/niphas/csi-1");
    expect(roots.ownerDir("csi-1")).toBe(dir);
    expect(readlinkSync(join(dir, `${"a".repeat(32)}-app`))).toBe(APP);
    expect(roots.rootsOf("csi-1")).toEqual([APP, LIB]);
    expect(roots.owners()).toEqual(["csi-1"]);
  });

  it("may be added again", () => {
    roots.add("csi-1", [APP]);
    roots.add("csi-1", [APP, LIB]);
    expect(roots.rootsOf("csi-1")).toEqual([APP, LIB]);
  });

  it.each([
    ["a link that leads elsewhere", (link: string) => symlinkSync("/etc", link)],
    ["a file", (link: string) => writeFileSync(link, "")],
    ["a directory", (link: string) => mkdirSync(join(link, "sub"), { recursive: true })],
  ])("replace %s that has their name", (_name, make) => {
    mkdirSync(roots.ownerDir("csi-1"), { recursive: true });
    make(join(roots.ownerDir("csi-1"), `${"a".repeat(32)}-app`));
    roots.add("csi-1", [APP]);
    expect(roots.rootsOf("csi-1")).toEqual([APP]);
    expect(readdirSync(roots.ownerDir("csi-1"))).toHaveLength(1);
  });

  it("go with everything beside them, and what links lead to stays", () => {
    const outside = join(rootDir, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "file"), "kept");
    roots.add("csi-1", [APP]);
    writeFileSync(join(roots.ownerDir("csi-1"), "volume.json"), "{}");
    symlinkSync(outside, join(roots.ownerDir("csi-1"), "trap"));
    roots.remove("csi-1");
    roots.remove("csi-1");
    expect(roots.owners()).toEqual([]);
    expect(readFileSync(join(outside, "file"), "utf8")).toBe("kept");
  });

  it("of nobody are none", () => {
    expect(roots.owners()).toEqual([]);
    expect(roots.rootsOf("csi-1")).toEqual([]);
  });

  it("leave foreign things beside the owners alone", () => {
    roots.add("csi-1", [APP]);
    writeFileSync(join(rootDir, "nix/var/nix/gcroots/niphas/a-file"), "");
    mkdirSync(join(rootDir, "nix/var/nix/gcroots/niphas/.hidden"));
    expect(roots.owners()).toEqual(["csi-1"]);
  });

  it.each(["", ".", "..", "../x", "a/b", "-x", "a\0b", "x".repeat(200)])("have no owner named %j", (owner) => {
    expect(() => roots.add(owner, [APP])).toThrow("not a name");
    expect(() => roots.remove(owner)).toThrow("not a name");
  });
});
