import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { storePathBaseName } from "@niphas/core";
import {
  directory,
  file,
  makeSharedMount,
  needs,
  SecondMountNamespace,
  symlink,
  type TemporaryDirectory,
  TestNode,
} from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { MACHINE, small } from "../scenarios/support.ts";

beforeEach((context) => needs(context, ...MACHINE));

const STRATEGIES = [["composefs"], ["tree"]] as const;
const FLAGS = ["nodev", "nosuid", "ro"];

/** The kubelet's directory as it is on a node: what is mounted below it shows in other mount namespaces. */
async function shareKubeletDir(base: TemporaryDirectory): Promise<void> {
  await makeSharedMount(base.path);
}

async function nodeWith(view: string): Promise<TestNode> {
  return TestNode.create(`exact-${view}`, { plugin: { flags: { view } }, prepare: shareKubeletDir });
}

it.each(STRATEGIES)("%s: the view lists exactly the closure, byte for byte", async (view) => {
  await using node = await nodeWith(view);
  const [closure, other] = [
    await node.addLocal({ name: "app", pathCount: 30, fileCount: 300 }),
    await node.addLocal(small("other")),
  ];
  const volume = node.volume();
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(volume, closure)).toEqual([]);
  expect(readdirSync(join(volume.targetPath, ".roots"))).toEqual(["app"]);
  expect(join(volume.targetPath, ".roots", readlinkSync(join(volume.targetPath, ".roots/app")))).toBe(
    join(volume.targetPath, storePathBaseName(closure.root)),
  );
  for (const path of other.paths) expect(existsSync(join(volume.targetPath, storePathBaseName(path)))).toBe(false);
});

it.each(
  STRATEGIES,
)("%s: a mount namespace that receives the mount sees it read-only, nosuid and nodev", async (view) => {
  await using node = await nodeWith(view);
  await using host = await SecondMountNamespace.create();
  const closure = await node.addLocal(small("flags"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  const mounts = host.mountsAt(volume.targetPath);
  expect(mounts).toHaveLength(1);
  expect(FLAGS.filter((flag) => !mounts[0]?.options.includes(flag))).toEqual([]);
  expect(readdirSync(host.path(volume.targetPath)).filter((name) => !name.startsWith("."))).toHaveLength(
    closure.paths.length,
  );
  await node.unpublish(volume);
  expect(host.mountsAt(volume.targetPath)).toEqual([]);
});

it.each(
  STRATEGIES,
)("%s: a consumer's bind of it has the flags too, and every way to write is refused", async (view) => {
  await using node = await nodeWith(view);
  await using host = await SecondMountNamespace.create();
  const closure = await node.addLocal(small("writes"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  const store = node.directory.join("container-store");
  expect(await host.run(["mkdir", store])).toMatchObject({ exitCode: 0 });
  expect(await host.run(["mount", "--bind", volume.targetPath, store])).toMatchObject({ exitCode: 0 });
  expect(FLAGS.filter((flag) => !host.mountsAt(store)[0]?.options.includes(flag))).toEqual([]);
  const root = join(store, storePathBaseName(closure.root));
  const writes = [
    ["touch", join(store, "new")],
    ["touch", join(root, "new")],
    ["sh", "-c", `echo x >> ${join(root, "nix-support/references")}`],
    ["chmod", "777", root],
    ["chown", "1", join(root, "nix-support/references")],
    ["rm", "-rf", join(root, "nix-support")],
    ["ln", join(root, "nix-support/references"), join(root, "alias")],
    ["mknod", join(store, "null"), "c", "1", "3"],
    ["mv", root, join(store, "moved")],
  ];
  for (const argv of writes) {
    const { exitCode, stderr } = await host.run(argv);
    expect(exitCode, argv.join(" ")).not.toBe(0);
    expect(stderr).toContain("Read-only file system");
  }
  expect(await node.problemsOf(volume, closure)).toEqual([]);
});

it.each(STRATEGIES)("%s: a user namespace cannot make it writable", async (view) => {
  await using node = await nodeWith(view);
  const closure = await node.addLocal(small("userns"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  await using host = await SecondMountNamespace.create();
  const remount = `mount -o remount,bind,rw ${volume.targetPath} && echo writable`;
  const { stdout } = await host.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", remount]);
  expect(stdout).not.toContain("writable");
});

it.each(STRATEGIES)("%s: file and symbolic link roots, an entry point, and several roots are shown", async (view) => {
  await using node = await nodeWith(view);
  const program = directory({ bin: directory({ app: file("#!/bin/sh\n", { executable: true }) }) });
  const app = await node.store.addTree(program, "app");
  const script = await node.store.addTree(file("#!/bin/sh\n", { executable: true }), "script");
  const alias = await node.store.addTree(symlink(app), "alias", { references: [app] });
  const volume = node.volume();
  const attributes = { storePath: `${script} ${alias} ${app}`, entrypoint: `${app}/bin/app` };
  expect(await node.publish(volume, attributes)).toMatchObject({ code: "OK" });
  const names = readdirSync(volume.targetPath).filter((name) => !name.startsWith("."));
  expect(names).toEqual([app, script, alias].map(storePathBaseName).sort());
  expect(readlinkSync(join(volume.targetPath, storePathBaseName(alias)))).toBe(app);
  expect(readdirSync(join(volume.targetPath, ".roots")).sort()).toEqual(["alias", "app", "script"]);
  expect(readlinkSync(join(volume.targetPath, ".niphas/entrypoint"))).toContain(`${storePathBaseName(app)}/bin/app`);
});

it.each(STRATEGIES)("%s: the layout of nix-csi's pods holds store and var/result", async (view) => {
  await using node = await nodeWith(view);
  const closure = await node.addLocal(small("layout"));
  const volume = node.volume();
  const system = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
  expect(await node.publish(volume, { [system]: closure.root })).toMatchObject({ code: "OK" });
  expect(readdirSync(volume.targetPath).sort()).toEqual(["nix", "store", "var"]);
  const shown = readdirSync(join(volume.targetPath, "store")).filter((name) => !name.startsWith("."));
  expect(shown).toEqual(closure.paths.map(storePathBaseName).sort());
  expect(readlinkSync(join(volume.targetPath, "var/result"))).toContain(storePathBaseName(closure.root));
});
