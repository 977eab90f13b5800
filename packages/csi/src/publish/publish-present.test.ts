import { mkdirSync } from "node:fs";
import { NiphasError } from "@niphas/core";
import { settle } from "@niphas/service";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { codeOf, HELLO, NOTHING, PUBLISHED, TestPlugin, volumeId, WORLD } from "../twins/test-plugin.ts";

let plugin: TestPlugin;
beforeEach(() => {
  plugin = new TestPlugin();
  plugin.nix.addValid(HELLO, WORLD);
});
afterEach(() => plugin[Symbol.dispose]());

it("links, records and mounts it, and writes one audit record", async () => {
  await plugin.publish(plugin.request(1));
  expect(plugin.state(1)).toEqual(PUBLISHED);
  expect(plugin.events).toContain("published warm");
  const audits = plugin.log.records().filter((record) => record["audit"] === true);
  expect(audits).toHaveLength(1);
  expect(audits[0]).toMatchObject({
    event: "publish",
    volumeId: volumeId(1),
    pod: { namespace: "default" },
    roots: [HELLO],
    path: "warm",
    policyRule: "default",
  });
  expect(plugin.nix.realiseCount).toBe(0);
});

it("does nothing at all when it is repeated, whatever else is broken", async () => {
  await plugin.publish(plugin.request(1));
  const lineCount = plugin.log.lines.length;
  plugin.nix.databaseError = new NiphasError("StoreUnavailable", "down");
  plugin.policy = {
    check: () => {
      throw new NiphasError("PolicyInvalid", "gone");
    },
  };
  for (let n = 0; n < 10; n++) await plugin.publish(plugin.request(1));
  expect(plugin.mounter.calls).toHaveLength(1);
  expect(plugin.log.lines).toHaveLength(lineCount);
});

it("answers VolumeConflict to other arguments and keeps what is there", async () => {
  await plugin.publish(plugin.request(1));
  const other = plugin.request(1, { volume_context: { storePath: WORLD } });
  expect(await codeOf(plugin.publish(other))).toBe("VolumeConflict");
  const elsewhere = plugin.request(1, { target_path: plugin.target(2) });
  expect(await codeOf(plugin.publish(elsewhere))).toBe("VolumeConflict");
  expect(plugin.state(1)).toEqual(PUBLISHED);
});

for (const [what, error] of [
  ["descriptors run out", Object.assign(new Error("too many open files"), { code: "EMFILE" })],
  ["the kernel does not answer", new NiphasError("MountFailed", "EIO")],
] as const) {
  it(`answers a non-final code and keeps the volume when ${what}`, async () => {
    await plugin.publish(plugin.request(1));
    const broken = vi.spyOn(plugin.mounter, "isMountPoint").mockImplementation(() => {
      throw error;
    });
    expect(await codeOf(plugin.publish(plugin.request(1)))).toBe("VolumeBusy");
    broken.mockRestore();
    expect(plugin.state(1)).toEqual(PUBLISHED);
    expect(plugin.mounter.calls).toHaveLength(1);
  });
}

it("keeps a mount whose view was activated anew, also behind a link to the kubelet's directory", async () => {
  using moved = new TestPlugin({ realKubeletDir: "moved" });
  moved.nix.addValid(HELLO);
  await moved.publish(moved.request(1));
  const stored = moved.records.read(volumeId(1));
  if (stored.state !== "ok") throw new Error("the volume has no record");
  moved.records.write({ ...stored.record, viewDevice: "8:1" });
  moved.mounter.addForeign({ mountPoint: stored.record.viewRootDir });
  await moved.publish(moved.request(1));
  expect(moved.mounter.calls).toHaveLength(1);
});

it("does not compare tokens, which change with every republish", async () => {
  const withToken = (token: string) =>
    plugin.request(1, { volume_context: { storePath: HELLO, "csi.storage.k8s.io/serviceAccount.tokens": token } });
  await plugin.publish(withToken("one"));
  await plugin.publish(withToken("two"));
  expect(plugin.mounter.calls).toHaveLength(1);
});

it("replaces a foreign mount at the target", async () => {
  mkdirSync(plugin.target(1));
  plugin.mounter.addForeign({ mountPoint: plugin.target(1) });
  await plugin.publish(plugin.request(1));
  expect(plugin.mounter.calls).toEqual([`unmount ${plugin.target(1)}`, `mount ${plugin.target(1)}`]);
});

it("replaces a foreign mount that was put over the volume", async () => {
  await plugin.publish(plugin.request(1));
  plugin.mounter.addForeign({ mountPoint: plugin.target(1) });
  await plugin.publish(plugin.request(1));
  expect(plugin.mounter.list().filter((entry) => entry.mountPoint === plugin.target(1))).toHaveLength(1);
  expect(plugin.state(1)).toEqual(PUBLISHED);
});

it("keeps its own mount when only the record was lost", async () => {
  await plugin.publish(plugin.request(1));
  plugin.gcRoots.remove(volumeId(1));
  await plugin.publish(plugin.request(1));
  expect(plugin.mounter.calls).toHaveLength(1);
  expect(plugin.state(1)).toEqual(PUBLISHED);
});

it("mounts once for 50 calls at once", async () => {
  await Promise.all(Array.from({ length: 50 }, async () => plugin.publish(plugin.request(1))));
  expect(plugin.mounter.calls).toHaveLength(1);
});

it("passes on what the policy allows about content-addressed roots", async () => {
  plugin.policy = { check: () => ({ rule: "lab", allowContentAddressedRoots: true }) };
  await plugin.publish(plugin.request(1));
  expect(plugin.nix.trustQuestions[0]?.allowContentAddressedRoots).toBe(true);
});

it("fetches again what a running collector had already taken", async () => {
  plugin.nix.onAnnounce = () => {
    plugin.nix.removeValid(HELLO);
    plugin.nix.onAnnounce = () => undefined;
  };
  const call = plugin.publish(plugin.request(1));
  await settle();
  plugin.nix.finishFetch();
  await call;
  expect(plugin.state(1)).toEqual(PUBLISHED);
  expect(plugin.events).toContain("published cold");
});

it("gives up, leaving nothing, when a collector takes it every time", async () => {
  plugin.nix.onAnnounce = () => plugin.nix.removeValid(HELLO);
  const code = codeOf(plugin.publish(plugin.request(1)));
  for (let round = 0; round < 3; round++) {
    await settle();
    plugin.nix.finishFetch();
  }
  expect(await code).toBe("ClosureCollected");
  expect(plugin.state(1)).toEqual(NOTHING);
});

it("fetches again what a collector took the moment it was fetched", async () => {
  plugin.nix.removeValid(HELLO);
  const call = plugin.publish(plugin.request(1));
  await settle();
  plugin.nix.failFetch(new NiphasError("ClosureCollected", "was fetched and has gone again"));
  await settle();
  plugin.nix.finishFetch();
  await call;
  expect(plugin.state(1)).toEqual(PUBLISHED);
});
