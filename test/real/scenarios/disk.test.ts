import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LoopFileSystem, needs, runCommand, type TemporaryDirectory, TestNode } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectNothingLeft, expectPublished, MACHINE, small } from "./support.ts";

beforeEach((context) => needs(context, ...MACHINE, "mkfs.ext4", "e2fsck"));

const BIG = { pathCount: 3, fileCount: 60, fileSizeBytes: 100_000 };

async function nodeOnDisk(prefix: string, init: { readonly sizeMiB: number; readonly inodeCount?: number }) {
  let disk: LoopFileSystem | undefined;
  const prepare = async (directory: TemporaryDirectory): Promise<void> => {
    const files = { imageFile: directory.join("disk.img"), mountPoint: directory.join("state") };
    disk = await LoopFileSystem.create({ ...files, ...init });
  };
  const node = await TestNode.create(prefix, { prepare });
  if (disk === undefined) throw new Error("no disk was made");
  return { node, disk };
}

function fillDisk(node: TestNode): string {
  const file = join(node.plugin.stateDir, "filler");
  const { bavail, bsize } = statfsSync(node.plugin.stateDir);
  writeFileSync(file, Buffer.alloc(Math.max(0, bavail - 8) * bsize));
  return file;
}

it("K21: on a full disk a fetch is RESOURCE_EXHAUSTED; what is mounted works and goes, and all recovers by itself", async () => {
  const { node } = await nodeOnDisk("k21", { sizeMiB: 64 });
  await using _node = node;
  const [present, wanted] = [await node.addLocal(small("k21")), await node.addUpstream({ name: "k21big", ...BIG })];
  const [mounted, leaving, failing] = [node.volume(), node.volume(), node.volume()];
  await node.publish(mounted, present.root);
  await node.publish(leaving, present.root);
  const filler = fillDisk(node);
  const outcome = await node.publish(failing, wanted.root);
  expect(outcome).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  expect(outcome.message).toMatch(/disk|space/i);
  expect(await node.problemsOf(mounted, present)).toEqual([]);
  expect(await node.publish(mounted, present.root)).toMatchObject({ code: "OK" });
  expect(await node.unpublish(leaving)).toMatchObject({ code: "OK" });
  expectPublished(node, [mounted]);
  rmSync(filler);
  expect(await node.publish(failing, wanted.root)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(failing, wanted)).toEqual([]);
});

it("K21: on a disk that has become read-only what is mounted works and goes; once repaired all is as before", async () => {
  const { node, disk } = await nodeOnDisk("k21ro", { sizeMiB: 64 });
  await using _node = node;
  const closure = await node.addLocal(small("k21ro"));
  const [mounted, leaving, failing] = [node.volume(), node.volume(), node.volume()];
  await node.publish(mounted, closure.root);
  await node.publish(leaving, closure.root);
  await runCommand(["sync", "-f", node.plugin.stateDir]);
  await disk.breakReadOnly();
  expect((await node.publish(failing, closure.root)).code).toMatch(/^(UNAVAILABLE|RESOURCE_EXHAUSTED)$/);
  expect(await node.publish(mounted, closure.root)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(mounted, closure)).toEqual([]);
  expect(await node.unpublish(leaving)).toMatchObject({ code: "OK" });
  expect(await node.unpublish(failing)).toMatchObject({ code: "OK" });
  expect(node.audit()).toMatchObject({ podMounts: [mounted.targetPath], targetDirs: [mounted.targetPath] });
  expect(await node.unpublish(mounted)).toMatchObject({ code: "OK" });
  await node.plugin.kill("SIGKILL");
  for (const view of node.audit().stateMounts.slice(1)) await runCommand(["umount", view]);
  await disk.repair();
  await node.plugin.start();
  expectNothingLeft(node);
  expect(await node.publish(failing, closure.root)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(failing, closure)).toEqual([]);
});

it("N13: a disk that fills up during a fetch leaves no partial path behind", async () => {
  const { node } = await nodeOnDisk("n13", { sizeMiB: 24 });
  await using _node = node;
  const wanted = await node.addUpstream({ name: "n13", pathCount: 3, fileCount: 60, fileSizeBytes: 500_000 });
  const volume = node.volume();
  expect(await node.publish(volume, wanted.root)).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  expectNothingLeft(node);
  const fits = await node.addUpstream(small("n13fits"));
  await node.store.collectGarbage();
  expect(await node.publish(volume, fits.root)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(volume, fits)).toEqual([]);
});

it("N14: a disk without inodes is told apart from a full one", async () => {
  const { node } = await nodeOnDisk("n14", { sizeMiB: 64, inodeCount: 300 });
  await using _node = node;
  const wanted = await node.addUpstream({ name: "n14", pathCount: 3, fileCount: 600 });
  const outcome = await node.publish(node.volume(), wanted.root);
  expect(outcome).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  expect(outcome.message).toMatch(/inode/i);
  expectNothingLeft(node);
});
