import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TargetDirectories } from "./target-directories.ts";

let dir: string;
let kubeletDir: string;
let targets: TargetDirectories;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "niphas-targets-")));
  kubeletDir = join(dir, "kubelet");
  mkdirSync(join(kubeletDir, "pods/1"), { recursive: true });
  targets = new TargetDirectories({ kubeletDir, realKubeletDir: kubeletDir });
});
afterEach(() => rmSync(dir, { recursive: true }));

const invalid = expect.objectContaining({ code: "InvalidRequest" });

it("makes the target for root only and is content when it is there", () => {
  const target = join(kubeletDir, "pods/1/mount");
  expect(targets.exists(target)).toBe(false);
  targets.make(target).close();
  targets.make(target).close();
  expect(lstatSync(target).mode & 0o777).toBe(0o750);
  expect(targets.exists(target)).toBe(true);
});

it("holds the directory itself, whatever comes to lie at its path", () => {
  const target = join(kubeletDir, "pods/1/mount");
  const pinned = targets.make(target);
  renameSync(join(kubeletDir, "pods/1"), join(kubeletDir, "pods/2"));
  mkdirSync(target, { recursive: true });
  expect(realpathSync(pinned.path)).toBe(join(kubeletDir, "pods/2/mount"));
  pinned.close();
});

it("refuses links anywhere below the kubelet's directory", () => {
  mkdirSync(join(dir, "outside/1"), { recursive: true });
  symlinkSync(join(dir, "outside"), join(kubeletDir, "linked"));
  symlinkSync(join(kubeletDir, "pods"), join(kubeletDir, "inside"));
  symlinkSync(join(dir, "outside"), join(kubeletDir, "pods/1/mount"));
  symlinkSync("/nowhere", join(kubeletDir, "pods/dangling"));
  for (const path of ["linked/1", "linked/1/mount", "inside/1/mount", "pods/1/mount", "pods/dangling"]) {
    expect(() => targets.exists(join(kubeletDir, path)), path).toThrow(invalid);
    expect(() => targets.make(join(kubeletDir, path)), path).toThrow(invalid);
  }
  expect(() => targets.remove(join(kubeletDir, "linked/1"))).toThrow(invalid);
  expect(lstatSync(join(dir, "outside/1")).isDirectory()).toBe(true);
});

it("refuses link loops and names that no file system takes", () => {
  symlinkSync("loop", join(kubeletDir, "loop"));
  for (const path of ["loop/1/mount", "x".repeat(300), `${"x".repeat(300)}/mount`, "1/".repeat(3000)]) {
    expect(() => targets.exists(join(kubeletDir, path)), path).toThrow(invalid);
    expect(() => targets.assertUsable(join(kubeletDir, path)), path).toThrow(invalid);
  }
});

it("refuses files", () => {
  writeFileSync(join(kubeletDir, "pods/1/mount"), "");
  expect(() => targets.make(join(kubeletDir, "pods/1/mount"))).toThrow(invalid);
});

it("works where the administrator has moved the kubelet's directory behind a link", () => {
  const moved = join(dir, "moved");
  symlinkSync(kubeletDir, moved);
  targets = new TargetDirectories({ kubeletDir: moved, realKubeletDir: kubeletDir });
  for (const path of ["pods/1/mount", "mount"]) {
    targets.make(join(moved, path)).close();
    expect(targets.exists(join(moved, path))).toBe(true);
    targets.remove(join(moved, path));
    expect(targets.exists(join(moved, path))).toBe(false);
  }
});

it("translates between targets and the mount table, which knows no links", () => {
  targets = new TargetDirectories({ kubeletDir: "/link", realKubeletDir: "/disk/kubelet" });
  expect(targets.onMountTable("/link/pods/1/mount")).toBe("/disk/kubelet/pods/1/mount");
  expect(targets.fromMountTable("/disk/kubelet/pods/1/mount")).toBe("/link/pods/1/mount");
  for (const other of ["/link/pods/1/mount", "/disk/kubelet", "/disk/kubelet-2/pods", "/"]) {
    expect(targets.fromMountTable(other), other).toBeUndefined();
  }
});

it("says that the kubelet must make the parent", () => {
  expect(() => targets.assertUsable(join(kubeletDir, "pods/2/mount"))).toThrow("parent directory does not exist");
  expect(targets.exists(join(kubeletDir, "pods/2/mount"))).toBe(false);
  targets.remove(join(kubeletDir, "pods/2/mount"));
});

it("never removes what is in a directory", () => {
  const target = join(kubeletDir, "pods/1/mount");
  targets.make(target).close();
  writeFileSync(join(target, "precious"), "");
  expect(() => targets.remove(target)).toThrow(expect.objectContaining({ code: "MountFailed" }));
  expect(lstatSync(join(target, "precious")).isFile()).toBe(true);
});
