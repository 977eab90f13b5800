import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RpcCode } from "../csi/rpc-client.ts";
import { waitUntil } from "../processes/wait-until.ts";
import { temporaryDirectory } from "../resources/temporary-directory.ts";
import { FakeKubelet } from "./fake-kubelet.ts";
import { ScriptedDriver } from "./scripted-driver.test-twin.ts";

const POD = { volumes: { nix: { attributes: { storePath: "/nix/store/x" } } } };

async function rig(script: readonly RpcCode[] = []) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory("kubelet-test"));
  mkdirSync(directory.join("plugins_registry"));
  const driver = stack.use(
    await ScriptedDriver.start(directory.join("csi.sock"), directory.join("plugins_registry/reg.sock"), script),
  );
  const kubelet = stack.use(FakeKubelet.start({ kubeletDir: directory.path, timeScale: 0.01 }));
  return { directory, driver, kubelet, [Symbol.asyncDispose]: async () => stack.disposeAsync() };
}

describe("FakeKubelet", () => {
  it("finds a driver by its registration socket and tells it so", async () => {
    await using test = await rig();
    await test.kubelet.registered();
    expect(test.driver.notifications).toEqual([{ plugin_registered: true, error: "" }]);
  });

  it("sends the kubelet's volume id, target and pod information, and leaves the target to the driver", async () => {
    await using test = await rig();
    const uid = test.kubelet.addPod({ ...POD, namespace: "shop", name: "web", serviceAccount: "robot" });
    await test.kubelet.mounted(uid);
    const request = test.driver.calls[0]?.request;
    expect(request?.["volume_id"]).toMatch(/^csi-[0-9a-f]{64}$/);
    expect(request?.["target_path"]).toBe(test.directory.join("pods", uid, "volumes/kubernetes.io~csi/nix/mount"));
    expect(request?.["volume_context"]).toMatchObject({
      storePath: "/nix/store/x",
      "csi.storage.k8s.io/pod.namespace": "shop",
      "csi.storage.k8s.io/pod.name": "web",
      "csi.storage.k8s.io/pod.uid": uid,
      "csi.storage.k8s.io/serviceAccount.name": "robot",
      "csi.storage.k8s.io/ephemeral": "true",
    });
    const data = JSON.parse(readFileSync(join(test.kubelet.volume(uid, "nix").volumeDir, "vol_data.json"), "utf8"));
    expect(data).toMatchObject({ volumeHandle: request?.["volume_id"], driverName: "csi.niphas.io" });
  });

  it("retries after an error that is not final and counts the repeats of its event", async () => {
    await using test = await rig(["UNAVAILABLE", "UNAVAILABLE"]);
    const uid = test.kubelet.addPod(POD);
    await test.kubelet.mounted(uid);
    expect(test.driver.count("publish")).toBe(3);
    expect(test.kubelet.events(uid)).toContainEqual({
      podUid: uid,
      reason: "FailedMount",
      message: 'MountVolume.SetUp failed for volume "nix" : rpc error: code = UNAVAILABLE desc = scripted UNAVAILABLE',
      count: 2,
    });
  });

  it("unpublishes a pod that goes while its volume is uncertain", async () => {
    await using test = await rig(Array.from({ length: 50 }, () => "UNAVAILABLE" as const));
    const uid = test.kubelet.addPod(POD);
    await waitUntil("a publish", () => test.driver.count("publish") > 0);
    test.kubelet.deletePod(uid);
    await test.kubelet.gone(uid);
    expect(test.driver.count("unpublish")).toBe(1);
    expect(existsSync(test.directory.join("pods", uid))).toBe(false);
  });

  it("never unpublishes after a final error, and removes its own directory", async () => {
    await using test = await rig(Array.from({ length: 500 }, () => "INVALID_ARGUMENT" as const));
    const uid = test.kubelet.addPod(POD);
    await waitUntil("a final error", () => test.kubelet.events(uid).length > 0);
    test.kubelet.deletePod(uid);
    await test.kubelet.gone(uid);
    expect(test.driver.count("unpublish")).toBe(0);
    expect(existsSync(test.kubelet.volume(uid, "nix").volumeDir)).toBe(false);
  });

  it("after a restart publishes wanted volumes again and unpublishes those of pods that went meanwhile", async () => {
    await using test = await rig();
    const [kept, deleted] = [test.kubelet.addPod(POD), test.kubelet.addPod(POD)];
    await test.kubelet.mounted(kept);
    await test.kubelet.mounted(deleted);
    await test.kubelet.crash();
    test.kubelet.deletePod(deleted);
    await test.kubelet.recover();
    await test.kubelet.mounted(kept);
    await test.kubelet.gone(deleted);
    expect(test.driver.count("publish")).toBe(3);
    expect(test.driver.count("unpublish")).toBe(1);
  });
});
