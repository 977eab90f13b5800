import type { MountEntry } from "@niphas/views";
import { expect, it } from "vitest";
import { ViewMounts } from "./view-mounts.ts";

const KEY = "a".repeat(64);
const OTHER_KEY = "b".repeat(64);
const entry = (changes: Partial<MountEntry>): MountEntry => ({
  mountId: 1,
  parentId: 0,
  device: "8:1",
  root: "/",
  mountPoint: "/",
  options: ["rw"],
  fileSystemType: "ext4",
  source: "/dev/sda1",
  ...changes,
});
const ROOT = entry({});
const STATE = entry({ device: "8:2", mountPoint: "/var/lib/niphas", root: "/@niphas" });

it("knows a bind mount of a tree by the place in the file system that it shows", () => {
  const mounts = new ViewMounts([ROOT], "/var/lib/niphas/views");
  const at = (root: string, device = "8:1") => mounts.viewKeyOf(entry({ root, device, mountPoint: "/pods/1/mount" }));
  expect(at(`/var/lib/niphas/views/${KEY}/root`)).toBe(KEY);
  expect(at(`/var/lib/niphas/views/${KEY}/root/deeper`)).toBeUndefined();
  expect(at(`/var/lib/other/views/${KEY}/root`)).toBeUndefined();
  expect(at("/var/lib/niphas/views/not-a-key/root")).toBeUndefined();
  expect(at(`/var/lib/niphas/views/${KEY}/root`, "8:9")).toBeUndefined();
});

it("reckons with a state directory that is a mount itself", () => {
  const mounts = new ViewMounts([ROOT, STATE], "/var/lib/niphas/views");
  expect(mounts.viewKeyOf(entry({ device: "8:2", root: `/@niphas/views/${KEY}/root` }))).toBe(KEY);
  expect(mounts.viewKeyOf(entry({ device: "8:2", root: `/views/${KEY}/root` }))).toBeUndefined();
});

it("knows a composefs view by its file system, while that view is active", () => {
  const active = entry({ device: "0:50", mountPoint: `/var/lib/niphas/views/${OTHER_KEY}/root` });
  const mounts = new ViewMounts([ROOT, active], "/var/lib/niphas/views");
  expect(mounts.viewKeyOf(entry({ device: "0:50", mountPoint: "/pods/1/mount" }))).toBe(OTHER_KEY);
  expect(mounts.viewKeyOf(entry({ device: "0:51", mountPoint: "/pods/1/mount" }))).toBeUndefined();
});
