import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MountEntry } from "@niphas/views";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findNodeMounts } from "./node-mounts.ts";

const KEY = "a".repeat(64);
const STATE = "/var/lib/niphas";
const VIEWS = `${STATE}/views`;
const DOOMED = ["views", "store"].map((name) => join(STATE, name));

let kubeletDir: string;
beforeEach(() => {
  kubeletDir = mkdtempSync(join(tmpdir(), "niphas-kubelet-"));
});
afterEach(() => rmSync(kubeletDir, { recursive: true }));

function mount(mountPoint: string, over: Partial<MountEntry> = {}): MountEntry {
  const entry = {
    mountId: 1,
    parentId: 0,
    device: "8:1",
    root: "/",
    options: ["rw"],
    fileSystemType: "ext4",
    source: "x",
  };
  return { ...entry, mountPoint, ...over };
}

const target = (volume: string) => `${kubeletDir}/pods/uid/volumes/kubernetes.io~csi/${volume}/mount`;

function note(volume: string, driverName: string): void {
  const directory = join(target(volume), "..");
  mkdirSync(directory, { recursive: true });
  const data = { driverName, volumeHandle: `csi-${"0".repeat(64)}` };
  writeFileSync(join(directory, "vol_data.json"), JSON.stringify(data));
}

function find(...table: readonly MountEntry[]) {
  return findNodeMounts([mount("/"), ...table], { kubeletDir, viewsDir: VIEWS, doomed: DOOMED });
}

describe("the mounts of a node", () => {
  it("has volumes that show a view, image or tree, by what they show", () => {
    const view = mount(`${VIEWS}/${KEY}/root`, { device: "0:50", root: "/" });
    const image = mount(target("image"), { device: "0:50", root: "/" });
    const tree = mount(target("tree"), { device: "8:1", root: `${VIEWS}/${KEY}/root` });
    expect(find(view, image, tree)).toEqual({
      volumes: [tree.mountPoint, image.mountPoint],
      views: [view.mountPoint],
      foreign: [],
    });
  });

  it("has volumes that the kubelet says are ours, and not those of other drivers", () => {
    note("ours", "csi.niphas.io");
    note("other", "csi.other.io");
    const table = ["ours", "other", "unknown"].map((name) => mount(target(name), { device: "0:60" }));
    expect(find(...table)).toEqual({ volumes: [target("ours")], views: [], foreign: [] });
  });

  it("names each mount point once, the deepest first", () => {
    const paths = [`${VIEWS}/.tmp-1/root`, `${VIEWS}/.tmp-1/root`, `${VIEWS}/${KEY}/root`];
    expect(find(...paths.map((path) => mount(path))).views).toEqual([`${VIEWS}/${KEY}/root`, `${VIEWS}/.tmp-1/root`]);
  });

  it("takes for foreign whatever else lies in what is to be deleted, and nothing beside it", () => {
    const foreign = [VIEWS, `${VIEWS}/x`, `${VIEWS}/${KEY}/root/deep`, `${STATE}/store/nix/store`];
    const beside = [STATE, `${STATE}/run/x`, `${STATE}/store-other`, "/mnt"];
    expect(find(...[...foreign, ...beside].map((path) => mount(path))).foreign).toEqual(foreign.sort().reverse());
  });
});
