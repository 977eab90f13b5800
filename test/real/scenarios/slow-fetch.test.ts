import { setTimeout as sleep } from "node:timers/promises";
import { FakeKubelet, needs, TestNode, waitUntil } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import {
  bulky,
  expectNothingLeft,
  expectPublished,
  MACHINE,
  mountIdOf,
  publishPatiently,
  small,
  TRICKLE,
} from "./support.ts";

beforeEach((context) => needs(context, ...MACHINE));

const SHORT_WAIT = { flags: { "publish-wait": "1s" } };

it("K04: a hundred volumes of one closure at once share one download and one view", async () => {
  await using node = await TestNode.create("k04");
  const closure = await node.addUpstream({ name: "k04", pathCount: 20, fileCount: 100 });
  await using kubelet = FakeKubelet.start({ kubeletDir: node.plugin.kubeletDir });
  await kubelet.registered();
  const volumes = { nix: { attributes: { storePath: closure.root } } };
  const pods = Array.from({ length: 100 }, () => kubelet.addPod({ volumes }));
  for (const pod of pods) await kubelet.mounted(pod);
  expectPublished(
    node,
    pods.map((pod) => kubelet.volume(pod, "nix")),
  );
  expect(node.cache.narRequestCount).toBe(closure.paths.length);
  expect(node.audit().views).toHaveLength(1);
  expect(kubelet.history.filter((record) => record.outcome.code !== "OK")).toEqual([]);
  for (const pod of pods) kubelet.deletePod(pod);
  for (const pod of pods) await kubelet.gone(pod);
  expectNothingLeft(node);
});

it("K05: a download that outlasts the call goes on, tells its progress, and is not begun again", async () => {
  await using node = await TestNode.create("k05", { plugin: SHORT_WAIT });
  const closure = await node.addUpstream(bulky("k05"));
  node.cache.setFaults(TRICKLE);
  await using kubelet = FakeKubelet.start({ kubeletDir: node.plugin.kubeletDir });
  await kubelet.registered();
  const pod = kubelet.addPod({ volumes: { nix: { attributes: { storePath: closure.root } } } });
  const progress = /MountVolume.SetUp failed.*fetching .*k05.*: .* of .*MiB.*paths.*from http:\/\/127\.0\.0\.1/;
  const events = () => kubelet.events(pod).filter((event) => progress.test(event.message));
  await waitUntil("its progress, twice", () => events().some((event) => event.count > 1));
  node.cache.setFaults();
  await kubelet.mounted(pod);
  const codes = kubelet.history.map((record) => record.outcome.code);
  expect(new Set(codes)).toEqual(new Set(["UNAVAILABLE", "OK"]));
  expect(node.cache.narRequestCount).toBe(closure.paths.length);
  expect(await node.problemsOf(kubelet.volume(pod, "nix"), closure)).toEqual([]);
});

it("K05: other volumes are published meanwhile", async () => {
  await using node = await TestNode.create("k05b", { plugin: SHORT_WAIT });
  const slow = await node.addUpstream(bulky("k05slow"));
  const ready = await node.addLocal(small("k05ready"));
  node.cache.setFaults(TRICKLE);
  const slowVolume = node.volume();
  const slowCall = node.publish(slowVolume, slow.root);
  expect(await publishPatiently(node, node.volume(), ready)).toMatchObject({ code: "OK" });
  expect(await slowCall).toMatchObject({ code: "UNAVAILABLE" });
  expect(await node.unpublish(slowVolume)).toMatchObject({ code: "OK" });
});

it("K06: a client that gives up leaves no half mount, and the download goes on for its next call", async () => {
  await using node = await TestNode.create("k06");
  const closure = await node.addUpstream(bulky("k06"));
  node.cache.setFaults(TRICKLE);
  const volume = node.volume();
  const client = new AbortController();
  const call = node.publish(volume, closure.root, { signal: client.signal });
  await waitUntil("the download", () => node.cache.narRequestCount > 0);
  client.abort();
  expect(await call).toMatchObject({ code: "CANCELLED" });
  node.cache.setFaults();
  const { podMounts, rootOwners } = node.audit();
  expect(podMounts.length === 0 || rootOwners.length === 1).toBe(true);
  expect(await publishPatiently(node, volume, closure)).toMatchObject({ code: "OK" });
  expect(node.cache.narRequestCount).toBe(closure.paths.length);
  mountIdOf(volume);
  expectPublished(node, [volume]);
});

it("K07: unpublish ends a publish that is under way, its Nix processes too, and nothing appears later", async () => {
  await using node = await TestNode.create("k07", { plugin: SHORT_WAIT });
  const closure = await node.addUpstream(bulky("k07"));
  node.cache.setFaults(TRICKLE);
  const volume = node.volume();
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "UNAVAILABLE" });
  await waitUntil("the download", () => node.cache.narRequestCount > 0);
  expect(node.audit().helperProcesses).not.toEqual([]);
  expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
  expectNothingLeft(node);
  await waitUntil("the connections to end", () => node.cache.openRequestCount === 0);
  const sentBytes = node.cache.sentBytes;
  await sleep(1500);
  expect(node.cache.sentBytes).toBe(sentBytes);
  expectNothingLeft(node);
});

it("K07: unpublish while the publish call itself still waits answers both", async () => {
  await using node = await TestNode.create("k07b");
  const closure = await node.addUpstream(bulky("k07b"));
  node.cache.setFaults(TRICKLE);
  const volume = node.volume();
  const publish = node.publish(volume, closure.root);
  await waitUntil("the download", () => node.cache.narRequestCount > 0);
  expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
  expect((await publish).code).not.toBe("OK");
  expectNothingLeft(node);
});

it("K07: another volume that wants the same closure keeps the download", async () => {
  await using node = await TestNode.create("k07c");
  const closure = await node.addUpstream(bulky("k07c"));
  node.cache.setFaults(TRICKLE);
  const [leaving, staying] = [node.volume(), node.volume()];
  const calls = [node.publish(leaving, closure.root), publishPatiently(node, staying, closure)] as const;
  await waitUntil("the download", () => node.cache.narRequestCount > 0);
  expect(await node.unpublish(leaving)).toMatchObject({ code: "OK" });
  node.cache.setFaults();
  expect(await calls[1]).toMatchObject({ code: "OK" });
  await calls[0];
  expectPublished(node, [staying]);
  expect(node.cache.narRequestCount).toBe(closure.paths.length);
});
