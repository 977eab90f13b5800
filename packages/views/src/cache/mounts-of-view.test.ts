import { parseViewKey, type ViewKey } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { MemoryMounter } from "../linux/memory-mounter.ts";
import { mountPointsBelow, mountsOfView } from "./mounts-of-view.ts";

const key = viewKeyOf("a");
const rootDir = `/views/${key}/root`;

function viewKeyOf(digit: string): ViewKey {
  const parsed = parseViewKey(digit.repeat(64));
  if (parsed === undefined) throw new Error("the key of this test is wrong");
  return parsed;
}

function composefsAt(mounter: MemoryMounter, mountPoint: string, device: string): void {
  mounter.addForeign({ mountPoint, device, fileSystemType: "overlay", source: "composefs", options: ["ro"] });
}

function targetsOf(mounter: MemoryMounter): readonly string[] {
  return mountsOfView(mounter.list(), key, rootDir).map((entry) => entry.mountPoint);
}

describe("mountsOfView", () => {
  it("finds binds of a tree by the key in the mount's root, whatever the device", () => {
    const mounter = new MemoryMounter();
    mounter.bindReadOnly(rootDir, "/pod/1");
    mounter.addForeign({ mountPoint: "/pod/2", device: "0:77", root: `/@state/views/${key}/root` });
    mounter.addForeign({ mountPoint: "/pod/3", root: `/views/${key}/root//deleted` });
    mounter.bindReadOnly(`/views/${viewKeyOf("b")}/root`, "/pod/4");
    expect(targetsOf(mounter)).toEqual(["/pod/1", "/pod/2", "/pod/3"]);
  });

  it("finds users of a composefs view by its superblock, but not the view's own mount", () => {
    const mounter = new MemoryMounter();
    composefsAt(mounter, rootDir, "0:50");
    expect(targetsOf(mounter)).toEqual([]);
    mounter.bindReadOnly(rootDir, "/pod/1");
    composefsAt(mounter, `/views/${viewKeyOf("b")}/root`, "0:51");
    expect(targetsOf(mounter)).toEqual(["/pod/1"]);
  });
});

describe("mountPointsBelow", () => {
  it("gives the deepest first, each once, and nothing of directories with a longer name", () => {
    const mounter = new MemoryMounter();
    for (const mountPoint of ["/views/x", "/views/x/root", "/views/x/root", "/views/xy", "/other"]) {
      mounter.addForeign({ mountPoint });
    }
    expect(mountPointsBelow(mounter.list(), "/views/x")).toEqual(["/views/x/root", "/views/x"]);
  });
});
