import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  detachMountsBelow,
  fakeBootId,
  LoopFileSystem,
  needs,
  runCommand,
  type TemporaryDirectory,
  type TestClosure,
  TestNode,
  waitUntil,
} from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectNothingLeft, MACHINE, publishPatiently, small } from "./support.ts";

beforeEach((context) => needs(context, ...MACHINE));

const SHORT_WAIT = { flags: { "publish-wait": "1s" } };

it("N07: files at a path that is not valid are never shown; the path is fetched anew", async () => {
  await using node = await TestNode.create("n07");
  const closure = await node.addUpstream(small("n07"));
  const physical = node.store.physicalPath(closure.root);
  mkdirSync(physical);
  writeFileSync(join(physical, "evil"), "not what was signed");
  const volume = node.volume();
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(volume, closure)).toEqual([]);
});

it("N07: files at a path that nobody can fetch are never shown", async () => {
  await using node = await TestNode.create("n07b");
  const closure = await node.addUpstream(small("n07b"));
  node.cache.setFaults({ path: /narinfo$/, status: 404 });
  mkdirSync(node.store.physicalPath(closure.root));
  const outcome = await node.publish(node.volume(), closure.root);
  expect(outcome).toMatchObject({ code: "NOT_FOUND" });
  expect(outcome.message).toContain(closure.root);
  expectNothingLeft(node);
});

it("N07: a download with a wrong hash is never shown, and its files are not taken for valid later", async () => {
  await using node = await TestNode.create("n07c");
  const closure = await node.addUpstream(small("n07c"));
  node.cache.setFaults({ path: /^\/nar\//, corruptByteAt: 300 });
  const volume = node.volume();
  expect((await node.publish(volume, closure.root)).code).not.toBe("OK");
  expectNothingLeft(node);
  node.cache.setFaults();
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(volume, closure)).toEqual([]);
});

it.each([
  "composefs",
  "tree",
])("N08: after a power cut a damaged path is repaired before it is shown (%s)", async (view) => {
  await using node = await TestNode.create("n08", { plugin: { flags: { view } } });
  const closure = await node.addUpstream(small("n08"));
  await node.addLocal(small("n08"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  await crashAndDamage(node, closure);
  await using _boot = await fakeBootId(node.directory.join("boot-id"));
  await node.plugin.start();
  expect(await publishPatiently(node, volume, closure)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(volume, closure)).toEqual([]);
});

it("N08: after a power cut a damaged path that no cache has is UNAVAILABLE, and the message names it", async () => {
  await using node = await TestNode.create("n08b");
  const closure = await node.addLocal(small("n08b"));
  const damaged = await crashAndDamage(node, closure);
  await using _boot = await fakeBootId(node.directory.join("boot-id"));
  await node.plugin.start();
  const volume = node.volume();
  const outcome = await waitUntil("a verdict", async () => {
    const answer = await node.publish(volume, closure.root);
    return answer.message.includes("being verified") ? undefined : answer;
  });
  expect(outcome).toMatchObject({ code: "UNAVAILABLE" });
  expect(outcome.message).toContain(damaged);
  expectNothingLeft(node);
});

it("N09: what a power cut leaves of a fetch that had just succeeded is shown whole or not at all", async (context) => {
  needs(context, "mkfs.ext4");
  const prepare = async (directory: TemporaryDirectory): Promise<void> => {
    const files = { imageFile: directory.join("disk.img"), mountPoint: directory.join("state") };
    await LoopFileSystem.create({ ...files, sizeMiB: 128 });
  };
  await using node = await TestNode.create("n09", { prepare });
  await runCommand(["sync", "-f", node.plugin.stateDir]);
  const closure = await node.addUpstream({ name: "n09", pathCount: 10, fileCount: 100 });
  const volume = node.volume();
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  // The image is what has reached the disk: a copy of it now is what a power cut would leave.
  copyFileSync(node.directory.join("disk.img"), node.directory.join("cut.img"));
  await node.plugin.kill("SIGKILL");
  await detachMountsBelow(node.directory.path);
  await runCommand(["mount", "-o", "loop", node.directory.join("cut.img"), node.plugin.stateDir]);
  await using _boot = await fakeBootId(node.directory.join("boot-id"));
  await node.plugin.start();
  expect(await publishPatiently(node, volume, closure)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(volume, closure)).toEqual([]);
  await node.store.nixStore(["--verify", "--check-contents"]);
});

it("N10: while somebody holds the database's lock a cold publish is UNAVAILABLE in time, and recovers", async () => {
  await using node = await TestNode.create("n10", { plugin: SHORT_WAIT });
  const [cold, warm] = [await node.addUpstream(small("n10")), await node.addLocal(small("n10warm"))];
  const [waiting, leaving, ready] = [node.volume(), node.volume(), node.volume()];
  const lock = new DatabaseSync(join(node.plugin.stateDir, "store/nix/var/nix/db/db.sqlite"));
  lock.exec("BEGIN EXCLUSIVE");
  try {
    const outcomes = await Promise.all([node.publish(waiting, cold.root), node.publish(leaving, cold.root)]);
    expect(outcomes.map((outcome) => outcome.code)).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
    expect(await publishPatiently(node, ready, warm)).toMatchObject({ code: "OK" });
    for (const volume of [waiting, leaving]) expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
    expect(node.audit().helperProcesses).toEqual([]);
    expect(node.audit().rootOwners).toEqual([ready.volumeId]);
  } finally {
    lock.close();
  }
  expect(await publishPatiently(node, waiting, cold)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(waiting, cold)).toEqual([]);
});

it("N11: a plugin whose database is damaged says so, and running pods keep their volumes", async () => {
  await using node = await TestNode.create("n11");
  const closure = await node.addLocal(small("n11"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  await node.plugin.kill("SIGTERM");
  const dbDir = join(node.plugin.stateDir, "store/nix/var/nix/db");
  for (const name of readdirSync(dbDir).filter((each) => /-(wal|shm)$/.test(each))) rmSync(join(dbDir, name));
  writeFileSync(join(dbDir, "db.sqlite"), "x".repeat(8192));
  node.plugin.spawn();
  const exit = await node.plugin.exited();
  expect(exit.code).toBeGreaterThan(0);
  expect(node.plugin.logs.tail(3)).toMatch(/database/i);
  expect(node.unreadablePathsOf(volume, closure)).toEqual([]);
});

/** Ends the plugin and all mounts without a word, and flips one byte of the closure on disk. @returns the damaged path */
async function crashAndDamage(node: TestNode, closure: TestClosure): Promise<string> {
  await node.plugin.kill("SIGKILL");
  await detachMountsBelow(node.directory.path);
  const damaged = closure.paths[2] ?? closure.root;
  const file = join(node.store.physicalPath(damaged), "nix-support/references");
  await runCommand(["chmod", "u+w", file]);
  writeFileSync(file, "flipped by a dying disk\n");
  await runCommand(["chmod", "444", file]);
  return damaged;
}
