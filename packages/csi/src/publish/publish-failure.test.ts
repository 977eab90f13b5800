import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NiphasError } from "@niphas/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { codeOf, HELLO, NOTHING, PUBLISHED, TestPlugin, volumeId } from "../twins/test-plugin.ts";

let plugin: TestPlugin;
beforeEach(() => {
  plugin = new TestPlugin();
  plugin.nix.addValid(HELLO);
});
afterEach(() => plugin[Symbol.dispose]());

const steps: readonly [string, string, () => void][] = [
  [
    "PolicyDenied",
    "the policy says no",
    () => {
      plugin.policy = {
        check: () => {
          throw new NiphasError("PolicyDenied", "no rule");
        },
      };
    },
  ],
  [
    "UntrustedPath",
    "a signature is missing",
    () => {
      plugin.nix.trustError = new NiphasError("UntrustedPath", "no");
    },
  ],
  [
    "PathDistrusted",
    "the path is being verified after a crash",
    () => {
      plugin.distrustError = new NiphasError("PathDistrusted", "wait");
    },
  ],
  [
    "StoreUnavailable",
    "the database cannot be read",
    () => {
      plugin.nix.databaseError = new NiphasError("StoreUnavailable", "locked");
    },
  ],
  [
    "DiskFull",
    "the view does not fit",
    () => {
      plugin.views.buildError = new NiphasError("DiskFull", "full");
    },
  ],
  [
    "MountFailed",
    "the mount fails",
    () => plugin.mounter.failNext("bindReadOnly", new NiphasError("MountFailed", "EIO")),
  ],
];
for (const [code, what, arrange] of steps) {
  it(`leaves nothing when ${what}, and succeeds afterwards`, async () => {
    arrange();
    expect(await codeOf(plugin.publish(plugin.request(1)))).toBe(code);
    expect(plugin.state(1)).toEqual(NOTHING);
    expect(plugin.work.isInterested(volumeId(1))).toBe(false);
    expect(plugin.clock.timerCount).toBe(0);
    plugin.policy = { check: () => ({ rule: "all", allowContentAddressedRoots: false }) };
    plugin.nix.trustError = undefined;
    plugin.nix.databaseError = undefined;
    plugin.distrustError = undefined;
    plugin.views.buildError = undefined;
    await plugin.publish(plugin.request(1));
    expect(plugin.state(1)).toEqual(PUBLISHED);
  });
}

it("undoes in reverse: mount, directory, roots", async () => {
  // The mount shows something else than the view: found out only after it was made.
  const bind = plugin.mounter.bindReadOnly.bind(plugin.mounter);
  plugin.mounter.bindReadOnly = (_source, target) => bind("/elsewhere", target);
  expect(await codeOf(plugin.publish(plugin.request(1)))).toBe("MountFailed");
  expect(plugin.mounter.calls).toEqual([`mount ${plugin.target(1)}`, `unmount ${plugin.target(1)}`]);
  expect(plugin.state(1)).toEqual(NOTHING);
});

it("answers a non-final code while something could not be undone", async () => {
  const bind = plugin.mounter.bindReadOnly.bind(plugin.mounter);
  plugin.mounter.bindReadOnly = (_source, target) => bind("/elsewhere", target);
  plugin.mounter.failNext("unmountAll", new NiphasError("MountFailed", "EBUSY"));
  expect(await codeOf(plugin.publish(plugin.request(1)))).toBe("VolumeBusy");
  expect(plugin.gcRoots.rootsOf(volumeId(1))).toEqual([HELLO]);
});

it("asks for garbage collection when the disk is full", async () => {
  plugin.views.buildError = new NiphasError("DiskFull", "full");
  await codeOf(plugin.publish(plugin.request(1)));
  expect(plugin.events).toContain("disk exhausted");
});

it("unmounts a published volume before it refuses invalid attributes", async () => {
  await plugin.publish(plugin.request(1));
  const invalid = plugin.request(1, { volume_context: { storePath: "../etc" } });
  expect(await codeOf(plugin.publish(invalid))).toBe("InvalidStorePath");
  expect(plugin.state(1)).toEqual(NOTHING);
});

it("refuses a target that is reached through a link and touches nothing behind it", async () => {
  const outside = join(plugin.dir, "outside");
  mkdirSync(join(outside, "mount"), { recursive: true });
  const parent = dirname(plugin.target(1));
  symlinkSync(outside, `${parent}-link`);
  const request = plugin.request(1, { target_path: `${parent}-link/mount` });
  expect(await codeOf(plugin.publish(request))).toBe("InvalidRequest");
  expect(plugin.mounter.calls).toEqual([]);
  expect(existsSync(join(outside, "mount"))).toBe(true);
  expect(plugin.gcRoots.owners()).toEqual([]);
});

it("keeps the roots of a mount whose path now leads through a link, also where the kubelet's directory does", async () => {
  using moved = new TestPlugin({ realKubeletDir: "moved" });
  moved.nix.addValid(HELLO);
  await moved.publish(moved.request(1));
  const parent = dirname(moved.target(1));
  renameSync(parent, `${parent}-aside`);
  symlinkSync(`${parent}-aside`, parent);
  // The mount table of the twin does not follow the rename: as if the mount showed at the old path still.
  const invalid = moved.request(1, { volume_context: { storePath: "../etc" } });
  expect(await codeOf(moved.publish(invalid))).toBe("VolumeBusy");
  expect(moved.gcRoots.rootsOf(volumeId(1))).toEqual([HELLO]);
});

it("refuses a target whose parent is missing", async () => {
  const request = plugin.request(1, { target_path: join(plugin.kubeletDir, "pods/nowhere/mount") });
  expect(await codeOf(plugin.publish(request))).toBe("InvalidRequest");
});

it("refuses a target that is a file and leaves the file", async () => {
  writeFileSync(plugin.target(1), "x");
  expect(await codeOf(plugin.publish(plugin.request(1)))).toBe("InvalidRequest");
  expect(existsSync(plugin.target(1))).toBe(true);
});
