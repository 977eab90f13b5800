import { describe, expect, it } from "vitest";
import { MemoryMounter } from "./memory-mounter.ts";

describe("MemoryMounter", () => {
  it("knows what it mounted and takes every stacked mount away", () => {
    const mounter = new MemoryMounter();
    mounter.bindReadOnly("/views/a", "/pod");
    mounter.bindReadOnly("/views/b", "/pod");
    expect(mounter.isBindOf("/pod", "/views/b")).toBe(true);
    expect(mounter.isBindOf("/pod", "/views/a")).toBe(false);
    mounter.unmountAll("/pod");
    expect(mounter.isMountPoint("/pod")).toBe(false);
    expect(mounter.list()).toEqual([]);
  });

  it("does not take a writable mount for a view", () => {
    const mounter = new MemoryMounter();
    mounter.addForeign({ mountPoint: "/pod", root: "/views/a", device: "8:1", options: ["rw"] });
    expect(mounter.isBindOf("/pod", "/views/a")).toBe(false);
  });

  it("shows the superblock of a mounted source, as a bind of a composefs view does", () => {
    const mounter = new MemoryMounter();
    mounter.addForeign({ mountPoint: "/views/a/root", device: "0:50", fileSystemType: "overlay", options: ["ro"] });
    mounter.bindReadOnly("/views/a/root", "/pod");
    expect(mounter.list().map((entry) => entry.device)).toEqual(["0:50", "0:50"]);
    expect(mounter.isBindOf("/pod", "/views/a/root")).toBe(true);
  });

  it("fails to unmount what a test made stuck, and keeps it", () => {
    const mounter = new MemoryMounter();
    mounter.bindReadOnly("/views/a", "/pod");
    mounter.makeStuck("/pod");
    expect(() => mounter.unmountAll("/pod")).toThrow(/EBUSY/);
    expect(mounter.isMountPoint("/pod")).toBe(true);
  });
});
