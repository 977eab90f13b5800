import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import {
  makeSharedMount,
  mountsAt,
  mountsBelow,
  needs,
  runCommand,
  SecondMountNamespace,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@niphas/testing";
import { LinuxMounter } from "@niphas/views";
import { beforeEach, describe, expect, it } from "vitest";

const mounter = new LinuxMounter();
let dir: TemporaryDirectory;
let view: string;
let target: string;

beforeEach(async (context) => {
  needs(context, "root", "private mount namespace");
  dir = temporaryDirectory("mounter");
  context.onTestFinished(() => dir[Symbol.asyncDispose]());
  view = dir.join("view");
  target = dir.join("shared/target");
  mkdirSync(view);
  mkdirSync(target, { recursive: true });
  writeFileSync(dir.join("view/file"), "bytes");
  await makeSharedMount(dir.join("shared"));
});

describe("LinuxMounter.bindReadOnly", () => {
  it("refuses writes through the mount, and only there", () => {
    mounter.bindReadOnly(view, target);
    expect(mountsAt(target).map((entry) => entry.options)).toEqual([expect.arrayContaining(["ro", "nosuid", "nodev"])]);
    expect(() => writeFileSync(`${target}/file`, "other")).toThrow(/EROFS/);
    writeFileSync(`${view}/file`, "the store itself stays writable");
  });

  it("shows the same flags in a second mount namespace that receives the mount by propagation", async () => {
    await using other = await SecondMountNamespace.create();
    mounter.bindReadOnly(view, target);
    const [received] = other.mountsAt(target);
    expect(received?.options).toEqual(expect.arrayContaining(["ro", "nosuid", "nodev"]));
    expect(() => writeFileSync(`${other.path(target)}/file`, "other")).toThrow(/EROFS/);
    mounter.unmountAll(target);
    expect(other.mountsAt(target)).toEqual([]);
  });

  it("does not bring along what is mounted below the source", async () => {
    mkdirSync(`${view}/below`);
    await runCommand(["mount", "-t", "tmpfs", "tmpfs", `${view}/below`]);
    writeFileSync(`${view}/below/secret`, "");
    mounter.bindReadOnly(view, target);
    expect(mountsBelow(target)).toHaveLength(1);
  });

  it("fails when source or target is missing, and leaves no mount", () => {
    expect(() => mounter.bindReadOnly(dir.join("missing"), target)).toThrow(/ENOENT/);
    expect(() => mounter.bindReadOnly(view, dir.join("missing"))).toThrow(/ENOENT/);
    expect(mountsBelow(dir.path).map((entry) => entry.mountPoint)).toEqual([dir.join("shared")]);
  });

  it("does not follow a link at the target", () => {
    symlinkSync(target, dir.join("trap"));
    expect(() => mounter.bindReadOnly(view, dir.join("trap"))).toThrow(/cannot mount/);
    expect(mounter.isMountPoint(target)).toBe(false);
  });
});

describe("LinuxMounter's questions", () => {
  it("know a mount point from a directory, a missing path and a link to a mount point", () => {
    expect(mounter.isMountPoint(target)).toBe(false);
    mounter.bindReadOnly(view, target);
    symlinkSync(target, dir.join("link"));
    expect(mounter.isMountPoint(target)).toBe(true);
    expect(mounter.isMountPoint(dir.join("link"))).toBe(false);
    expect(mounter.isMountPoint(dir.join("missing"))).toBe(false);
    expect(mounter.isMountPoint(`${view}/file/below`)).toBe(false);
  });

  it("know the view from another one and from a writable mount of the same one", async () => {
    mkdirSync(dir.join("other"));
    expect(mounter.isBindOf(target, view)).toBe(false);
    mounter.bindReadOnly(view, target);
    expect(mounter.isBindOf(target, view)).toBe(true);
    expect(mounter.isBindOf(target, dir.join("other"))).toBe(false);
    expect(mounter.isBindOf(target, dir.join("missing"))).toBe(false);
    mounter.unmountAll(target);
    await runCommand(["mount", "--bind", view, target]);
    expect(mounter.isBindOf(target, view)).toBe(false);
  });

  it("read the whole table, the same as another reader does", () => {
    mounter.bindReadOnly(view, target);
    expect(mounter.list().filter((entry) => entry.mountPoint === target)).toEqual(mountsAt(target));
  });
});

describe("LinuxMounter.unmountAll", () => {
  it("takes away every stacked mount, here and in other namespaces", async () => {
    await using other = await SecondMountNamespace.create();
    for (let count = 0; count < 20; count++) mounter.bindReadOnly(view, target);
    mounter.unmountAll(target);
    expect(mountsAt(target)).toEqual([]);
    expect(other.mountsAt(target)).toEqual([]);
  });

  it("takes away a mount that is busy or has another one below it", async () => {
    mkdirSync(`${view}/below`);
    mounter.bindReadOnly(view, target);
    await runCommand(["mount", "-t", "tmpfs", "tmpfs", `${target}/below`]);
    const held = openSync(`${target}/file`, "r");
    mounter.unmountAll(target);
    closeSync(held);
    expect(mountsBelow(target)).toEqual([]);
  });

  it("succeeds on what is not mounted, not there, or a link to a mount", () => {
    mounter.unmountAll(target);
    mounter.unmountAll(dir.join("missing"));
    mounter.bindReadOnly(view, target);
    symlinkSync(target, dir.join("link"));
    mounter.unmountAll(dir.join("link"));
    expect(mountsAt(target)).toHaveLength(1);
  });
});
