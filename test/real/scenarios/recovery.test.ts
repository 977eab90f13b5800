import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  detachMountsBelow,
  FakeKubelet,
  fakeBootId,
  needs,
  type PodVolume,
  runCommand,
  TestNode,
} from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectNothingLeft, expectPublished, MACHINE, mountIdOf, small, twoPods, untilPublished } from "./support.ts";

beforeEach((context) => needs(context, ...MACHINE));

const JANITOR = { flags: { "janitor-interval": "1s" } };

it("K18: after a reboot nothing of the old volumes is left, and live pods get theirs again", async () => {
  await using node = await TestNode.create("k18");
  const closure = await node.addLocal(small("k18"));
  await using kubelet = FakeKubelet.start({ kubeletDir: node.plugin.kubeletDir });
  await kubelet.registered();
  const [kept, vanished] = await twoPods(kubelet, closure);
  await kubelet.crash();
  await node.plugin.kill("SIGKILL");
  await detachMountsBelow(node.directory.path);
  await using _boot = await fakeBootId(node.directory.join("boot-id"));
  await node.plugin.start();
  await untilPublished(node, []);
  kubelet.deletePod(vanished);
  await kubelet.recover();
  await kubelet.mounted(kept);
  await kubelet.gone(vanished);
  expectPublished(node, [kubelet.volume(kept, "nix")]);
  expect(await node.problemsOf(kubelet.volume(kept, "nix"), closure)).toEqual([]);
});

it("K19: roots and state of a pod that was removed by force are collected", async () => {
  await using node = await TestNode.create("k19", { plugin: JANITOR });
  const closure = await node.addLocal(small("k19"));
  const [kept, removed] = [node.volume(), node.volume()];
  await node.publish(kept, closure.root);
  await node.publish(removed, closure.root);
  await runCommand(["umount", "-l", removed.targetPath]);
  node.forgetPod(removed);
  await untilPublished(node, [kept]);
  expect(await node.problemsOf(kept, closure)).toEqual([]);
});

it("K19: the janitor never deletes through a mount", async () => {
  await using node = await TestNode.create("k19b", { plugin: JANITOR });
  const closure = await node.addLocal(small("k19b"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  await runCommand(["umount", "-l", volume.targetPath]);
  await runCommand(["mount", "--bind", node.directory.join("cache"), volume.targetPath]);
  const before = readdirSync(node.directory.join("cache"));
  await sleep(2500);
  expect(readdirSync(node.directory.join("cache"))).toEqual(before);
  expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
  expectNothingLeft(node);
});

it("K20: records that cannot be read are set aside and rebuilt; other volumes are not disturbed", async () => {
  await using node = await TestNode.create("k20");
  const closure = await node.addLocal(small("k20"));
  const volumes = Array.from({ length: 5 }, () => node.volume());
  for (const volume of volumes) await node.publish(volume, closure.root);
  const mountIds = volumes.map(mountIdOf);
  await node.plugin.kill("SIGTERM");
  const [garbled, cut, empty, newer] = volumes.map((volume) => recordFile(node, volume));
  writeFileSync(garbled ?? "", "\u0000\u0001 no JSON {{{");
  truncateSync(cut ?? "", 40);
  truncateSync(empty ?? "", 0);
  writeFileSync(newer ?? "", readFileSync(newer ?? "", "utf8").replace('"version":1', '"version":99'));
  await node.plugin.start();
  await untilPublished(node, volumes);
  expect(volumes.map(mountIdOf)).toEqual(mountIds);
  expect(readdirSync(join(node.plugin.stateDir, "quarantine")).length).toBeGreaterThanOrEqual(4);
  await node.store.collectGarbage();
  for (const volume of volumes) {
    expect(await node.problemsOf(volume, closure)).toEqual([]);
    expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
    expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
  }
  expectNothingLeft(node);
});

function recordFile(node: TestNode, volume: PodVolume): string {
  const file = join(node.plugin.stateDir, "store/nix/var/nix/gcroots/niphas", volume.volumeId, "volume.json");
  expect(existsSync(file)).toBe(true);
  return file;
}
