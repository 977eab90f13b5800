import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FakeKubelet, needs, RegistrationClient, TestNode, waitUntil } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectPublished, MACHINE, small } from "./support.ts";

beforeEach((context) => needs(context, ...MACHINE));

const DRIVER = "csi.niphas.io";
const SOCKET = `${DRIVER}-reg.sock`;

it("K25: a kubelet that is there first finds the plugin, and finds it again after each restart of either", async () => {
  await using node = await TestNode.create("k25", { start: false });
  await using kubelet = FakeKubelet.start({ kubeletDir: node.plugin.kubeletDir });
  await node.plugin.start();
  await kubelet.registered();
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const count = kubelet.watcher.registrationCounts.get(DRIVER) ?? 0;
    await node.plugin.restart(signal);
    await waitUntil("a new registration", () => (kubelet.watcher.registrationCounts.get(DRIVER) ?? 0) > count);
  }
  await kubelet.crash();
  await kubelet.recover();
  const closure = await node.addLocal(small("k25"));
  const pod = kubelet.addPod({ volumes: { nix: { attributes: { storePath: closure.root } } } });
  await kubelet.mounted(pod);
  expectPublished(node, [kubelet.volume(pod, "nix")]);
});

it("K25: sockets that vanish are made again", async () => {
  await using node = await TestNode.create("k25b");
  await using kubelet = FakeKubelet.start({ kubeletDir: node.plugin.kubeletDir });
  await kubelet.registered();
  rmSync(join(node.plugin.registrationDir, SOCKET));
  await waitUntil("the plugin to register again", () => (kubelet.watcher.registrationCounts.get(DRIVER) ?? 0) > 1);
  rmSync(node.plugin.socketPath);
  await node.plugin.waitUntilReady();
  const closure = await node.addLocal(small("k25b"));
  expect(await node.publish(node.volume(), closure.root)).toMatchObject({ code: "OK" });
});

it("K25: a registration directory that a kubelet makes anew is used again", async () => {
  await using node = await TestNode.create("k25c");
  renameSync(node.plugin.registrationDir, node.directory.join("old-registry"));
  mkdirSync(node.plugin.registrationDir, { recursive: true });
  await using kubelet = FakeKubelet.start({ kubeletDir: node.plugin.kubeletDir });
  await kubelet.registered();
});

it("K25: a refused registration is logged and tried again", async () => {
  await using node = await TestNode.create("k25d");
  await using client = new RegistrationClient(join(node.plugin.registrationDir, SOCKET));
  expect(await client.getInfo()).toEqual({
    type: "CSIPlugin",
    name: DRIVER,
    endpoint: node.plugin.socketPath,
    supportedVersions: ["1.0.0"],
  });
  await client.notify(false, "the kubelet does not like it");
  await waitUntil("a log line", () => node.plugin.logs.text.includes("the kubelet does not like it"));
  await using kubelet = FakeKubelet.start({ kubeletDir: node.plugin.kubeletDir });
  await kubelet.registered();
});
