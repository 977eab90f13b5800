import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { needs, PluginProcess, TestNode, waitUntil } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectPublished, MACHINE, small, untilPublished } from "../scenarios/support.ts";

beforeEach((context) => needs(context, ...MACHINE));

it("N05: a second instance in another pid namespace on the same state refuses to start", async () => {
  await using node = await TestNode.create("n05");
  const init = {
    baseDir: node.directory.join("second"),
    stateDir: node.plugin.stateDir,
    wrapper: ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--"],
  };
  await using second = await PluginProcess.create(init, { start: false });
  second.spawn();
  expect(await second.exited()).toEqual({ code: 5, signal: null });
  const closure = await node.addLocal(small("n05"));
  expect(await node.publish(node.volume(), closure.root)).toMatchObject({ code: "OK" });
});

it("N06: foreign and broken things among the roots are left alone or cleared, and stop nobody", async () => {
  await using node = await TestNode.create("n06");
  const closure = await node.addLocal(small("n06"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  await node.plugin.kill("SIGTERM");
  const rootsDir = join(node.plugin.stateDir, "store/nix/var/nix/gcroots/niphas");
  const abandoned = `csi-${"1".repeat(64)}`;
  mkdirSync(join(rootsDir, abandoned));
  symlinkSync("/nix/store/nowhere", join(rootsDir, abandoned, "dangling"));
  mkdirSync(join(rootsDir, abandoned, "a-directory"));
  symlinkSync("/etc", join(rootsDir, volume.volumeId, "wrong-target"));
  writeFileSync(join(rootsDir, "somebody-elses-file"), "precious");
  mkdirSync(join(rootsDir, "somebody-elses-dir"));
  for (let index = 0; index < 10_000; index++) {
    symlinkSync(`/nix/store/${"0".repeat(32)}-gone-${index}`, join(rootsDir, "somebody-elses-dir", `link-${index}`));
  }
  await node.plugin.start();
  await waitUntil("the abandoned roots to go", () => !existsSync(join(rootsDir, abandoned)));
  expect(existsSync(join(rootsDir, "somebody-elses-file"))).toBe(true);
  expect(readdirSync(join(rootsDir, "somebody-elses-dir"))).toHaveLength(10_000);
  await node.store.collectGarbage();
  expect(await node.problemsOf(volume, closure)).toEqual([]);
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
  expect(existsSync(join(rootsDir, volume.volumeId))).toBe(false);
});

it("N06: roots of volumes that are not mounted go at start", async () => {
  await using node = await TestNode.create("n06b");
  const closure = await node.addLocal(small("n06b"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  expectPublished(node, [volume]);
  await node.plugin.kill("SIGKILL");
  const rootsDir = join(node.plugin.stateDir, "store/nix/var/nix/gcroots/niphas");
  mkdirSync(join(rootsDir, `csi-${"2".repeat(64)}`));
  symlinkSync(closure.root, join(rootsDir, `csi-${"2".repeat(64)}`, "root"));
  await node.plugin.start();
  await untilPublished(node, [volume]);
});
