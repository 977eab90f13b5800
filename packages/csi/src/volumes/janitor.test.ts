import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NiphasError, type ViewKey } from "@niphas/core";
import { settle } from "@niphas/service";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DRIVER_NAME } from "../constants.ts";
import { HELLO, NOTHING, PUBLISHED, TestPlugin, volumeId, WORLD } from "../twins/test-plugin.ts";
import type { SweepReport } from "./janitor.ts";

let plugin: TestPlugin;
beforeEach(() => {
  plugin = new TestPlugin();
  plugin.nix.addValid(HELLO, WORLD);
});
afterEach(() => plugin[Symbol.dispose]());

const NO_CHANGE: SweepReport = { removed: 0, adopted: 0, quarantined: 0, unmounted: 0, failed: 0 };

async function sweep(): Promise<SweepReport> {
  return plugin.janitor.sweep(new AbortController().signal);
}

function recordFile(n: number, { gcRoots } = plugin): string {
  return join(gcRoots.ownerDir(volumeId(n)), "volume.json");
}

/** What the kubelet writes beside a target. */
function writeVolData(n: number, on = plugin): void {
  const data = { driverName: DRIVER_NAME, volumeHandle: volumeId(n), volumeLifecycleMode: "Ephemeral" };
  writeFileSync(join(dirname(on.target(n)), "vol_data.json"), JSON.stringify(data));
}

/** Puts another mount in the place of the volume's. */
function showForeign(n: number, on = plugin): void {
  on.mounter.unmountAll(on.target(n));
  on.mounter.addForeign({ mountPoint: realpathSync(on.target(n)) });
}

function keyOf(n: number): ViewKey {
  const stored = plugin.records.read(volumeId(n));
  if (stored.state !== "ok") throw new Error("the volume has no record");
  return stored.record.viewKey;
}

it("leaves healthy volumes alone and logs nothing", async () => {
  await plugin.publish(plugin.request(1));
  const lineCount = plugin.log.lines.length;
  expect(await sweep()).toEqual(NO_CHANGE);
  expect(plugin.state(1)).toEqual(PUBLISHED);
  expect(plugin.log.lines).toHaveLength(lineCount);
});

it("removes roots and records whose mount is gone, as after a reboot", async () => {
  for (const n of [1, 2]) await plugin.publish(plugin.request(n));
  plugin.mounter.unmountAll(plugin.target(1));
  expect(await sweep()).toEqual({ ...NO_CHANGE, removed: 1 });
  expect(plugin.state(1)).toEqual(NOTHING);
  expect(plugin.state(2)).toEqual(PUBLISHED);
});

it("removes what a crash left half-made: links only, links and record, links, record and directory", async () => {
  plugin.gcRoots.add(volumeId(1), [HELLO]);
  await plugin.publish(plugin.request(2));
  plugin.mounter.unmountAll(plugin.target(2));
  rmSync(plugin.target(2), { recursive: true });
  await plugin.publish(plugin.request(3));
  plugin.mounter.unmountAll(plugin.target(3));
  expect(await sweep()).toEqual({ ...NO_CHANGE, removed: 3 });
  for (const n of [1, 2, 3]) expect(plugin.state(n)).toEqual(NOTHING);
});

it("removes the roots of a pod whose directory is gone", async () => {
  await plugin.publish(plugin.request(1));
  plugin.mounter.unmountAll(plugin.target(1));
  rmSync(join(plugin.kubeletDir, "pods"), { recursive: true });
  expect(await sweep()).toEqual({ ...NO_CHANGE, removed: 1 });
});

for (const [what, text] of [
  ["empty", ""],
  ["cut off", '{"version":1,"volumeId":"csi-'],
  ["of a newer version", '{"version":9}'],
] as const) {
  it(`quarantines a record that is ${what} and rebuilds it from the mount and the kubelet's notes`, async () => {
    await plugin.publish(plugin.request(1));
    await plugin.publish(plugin.request(2));
    writeVolData(1);
    writeFileSync(recordFile(1), text);
    expect(await sweep()).toEqual({ ...NO_CHANGE, quarantined: 1, adopted: 1 });
    expect(plugin.state(1)).toEqual(PUBLISHED);
    expect(readdirSync(plugin.quarantineDir)).toEqual([`${volumeId(1)}.json`]);
    const calls = plugin.mounter.calls.length;
    await plugin.publish(plugin.request(1));
    expect(plugin.mounter.calls).toHaveLength(calls);
  });
}

it("rebuilds a record without the kubelet's notes when only one mount shows the volume's roots", async () => {
  await plugin.publish(plugin.request(1));
  await plugin.publish(plugin.request(2, { volume_context: { storePath: WORLD } }));
  writeFileSync(recordFile(1), "");
  expect(await sweep()).toEqual({ ...NO_CHANGE, quarantined: 1, adopted: 1 });
  expect(plugin.state(1)).toEqual(PUBLISHED);
});

it("gives a mount without any roots its roots back when the kubelet says whose it is", async () => {
  await plugin.publish(plugin.request(1));
  writeVolData(1);
  plugin.gcRoots.remove(volumeId(1));
  expect(await sweep()).toEqual({ ...NO_CHANGE, adopted: 1 });
  expect(plugin.state(1)).toEqual(PUBLISHED);
});

for (const [what, arrange] of [
  ["a view that is not known any more", async () => plugin.views.remove(keyOf(1), () => false)],
  ["something that is no view of ours", async () => showForeign(1)],
] as const) {
  it(`keeps the roots of a volume whose record was lost while its mount shows ${what}`, async () => {
    await plugin.publish(plugin.request(1));
    writeVolData(1);
    await arrange();
    writeFileSync(recordFile(1), "");
    const kept = { ...PUBLISHED, record: false };
    expect(await sweep()).toEqual({ ...NO_CHANGE, quarantined: 1, failed: 1 });
    expect(plugin.state(1)).toEqual(kept);
    expect(await sweep()).toEqual({ ...NO_CHANGE, failed: 1 });
    expect(plugin.state(1)).toEqual(kept);
    await plugin.unpublish(1);
    expect(plugin.state(1)).toEqual(NOTHING);
  });
}

for (const [what, arrange, roots] of [
  ["record", () => writeFileSync(recordFile(1), ""), 1],
  ["record and roots", () => plugin.gcRoots.remove(volumeId(1)), 0],
] as const) {
  it(`keeps a mount that lost its ${what} and whose paths were collected, and says so`, async () => {
    await plugin.publish(plugin.request(1));
    writeVolData(1);
    arrange();
    plugin.nix.removeValid(HELLO);
    expect(await sweep()).toMatchObject({ failed: 1, unmounted: 0, adopted: 0, removed: 0 });
    expect(plugin.state(1)).toEqual({ ...PUBLISHED, record: false, roots });
    expect(plugin.log.records().filter(({ code }) => code === "ClosureCollected")).toHaveLength(1);
  });
}

it("finds mounts where the kubelet's directory lies behind a link", async () => {
  using moved = new TestPlugin({ realKubeletDir: "moved" });
  moved.nix.addValid(HELLO);
  for (const n of [1, 2]) await moved.publish(moved.request(n));
  writeVolData(1, moved);
  for (const n of [1, 2]) moved.gcRoots.remove(volumeId(n));
  const report = await moved.janitor.sweep(new AbortController().signal);
  expect(report).toEqual({ ...NO_CHANGE, adopted: 1, unmounted: 1 });
  expect(moved.state(1)).toEqual(PUBLISHED);
  expect(moved.state(2)).toEqual(NOTHING);
  await moved.publish(moved.request(1));
  expect(moved.mounter.calls.filter((call) => call.startsWith("mount"))).toHaveLength(2);
});

it("keeps the roots of a mount behind a link, too", async () => {
  using moved = new TestPlugin({ realKubeletDir: "moved" });
  moved.nix.addValid(HELLO);
  await moved.publish(moved.request(1));
  writeVolData(1, moved);
  showForeign(1, moved);
  writeFileSync(recordFile(1, moved), "");
  await moved.janitor.sweep(new AbortController().signal);
  expect(moved.state(1)).toEqual({ ...PUBLISHED, record: false });
});

it("unmounts a view that nobody can be found for: its paths could be collected any time", async () => {
  await plugin.publish(plugin.request(1));
  plugin.gcRoots.remove(volumeId(1));
  expect(await sweep()).toEqual({ ...NO_CHANGE, unmounted: 1 });
  expect(plugin.state(1)).toEqual(NOTHING);
});

it("does not touch mounts of others, nor entries that are not volumes", async () => {
  mkdirSync(plugin.target(1));
  plugin.mounter.addForeign({ mountPoint: plugin.target(1) });
  mkdirSync(join(dirname(plugin.gcRoots.ownerDir(volumeId(1))), "somebody"), { recursive: true });
  writeFileSync(join(dirname(plugin.gcRoots.ownerDir(volumeId(1))), "file"), "");
  expect(await sweep()).toEqual(NO_CHANGE);
  expect(plugin.mounter.isMountPoint(plugin.target(1))).toBe(true);
});

it("leaves alone what a call works on", async () => {
  plugin.nix.removeValid(HELLO);
  const call = plugin.publish(plugin.request(1));
  await settle();
  expect(await sweep()).toEqual(NO_CHANGE);
  expect(plugin.state(1).roots).toBe(1);
  plugin.nix.finishFetch();
  await call;
});

it("goes on with the others when one volume cannot be mended", async () => {
  for (const n of [1, 2]) {
    await plugin.publish(plugin.request(n));
    plugin.mounter.unmountAll(plugin.target(n));
  }
  writeFileSync(join(plugin.target(1), "foreign"), "");
  expect(await sweep()).toEqual({ ...NO_CHANGE, removed: 1, failed: 1 });
  expect(existsSync(join(plugin.target(1), "foreign"))).toBe(true);
  expect(plugin.state(2)).toEqual(NOTHING);
});

it("tries again to unmount what was busy", async () => {
  await plugin.publish(plugin.request(1));
  plugin.gcRoots.remove(volumeId(1));
  plugin.mounter.failNext("unmountAll", new NiphasError("MountFailed", "EBUSY"));
  expect(await sweep()).toEqual({ ...NO_CHANGE, failed: 1 });
  expect(await sweep()).toEqual({ ...NO_CHANGE, unmounted: 1 });
});
