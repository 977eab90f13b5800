import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CommandSpy, needs, TestNode, temporaryDirectory, waitUntil } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectNothingLeft, expectPublished, logCount, MACHINE, mountIdOf, rootsOnDisk, small } from "./support.ts";

beforeEach((context) => needs(context, ...MACHINE));

it("K01: a publish repeated ten times is OK each time, with one mount and one root", async () => {
  await using node = await TestNode.create("k01");
  const closure = await node.addLocal(small("k01"));
  const volume = node.volume();
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  const [mountId, roots] = [mountIdOf(volume), rootsOnDisk(node, volume)];
  for (let round = 0; round < 9; round++) {
    expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  }
  expect(mountIdOf(volume)).toBe(mountId);
  expect(rootsOnDisk(node, volume)).toEqual(roots);
  expectPublished(node, [volume]);
});

it("K02: a publish with other attributes is ALREADY_EXISTS and leaves the first mount alone", async () => {
  await using node = await TestNode.create("k02");
  const [first, second] = [await node.addLocal(small("first")), await node.addLocal(small("second"))];
  const volume = node.volume();
  await node.publish(volume, first.root);
  const [mountId, roots] = [mountIdOf(volume), rootsOnDisk(node, volume)];
  const others = [{ storePath: second.root }, { storePaths: `${first.root} ${second.root}` }];
  for (const attributes of [...others, { storePath: first.root, view: "tree" }]) {
    expect(await node.publish(volume, attributes)).toMatchObject({ code: "ALREADY_EXISTS" });
  }
  expect([mountIdOf(volume), rootsOnDisk(node, volume)]).toEqual([mountId, roots]);
  expect(await node.problemsOf(volume, first)).toEqual([]);
  expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
  expectNothingLeft(node);
});

it("K02: new tokens and secrets are not other attributes", async () => {
  await using node = await TestNode.create("k02t");
  const closure = await node.addLocal(small("k02t"));
  const volume = node.volume();
  for (const token of ["one", "two"]) {
    const attributes = { storePath: closure.root, "csi.storage.k8s.io/serviceAccount.tokens": `{"":"${token}"}` };
    const request = { ...node.publishRequest(volume, attributes), secrets: { token } };
    expect(await node.plugin.client.publish(request)).toMatchObject({ code: "OK" });
  }
  expectPublished(node, [volume]);
});

it("K03: fifty publishes of one volume at once make one mount and one download", async () => {
  await using node = await TestNode.create("k03");
  const closure = await node.addUpstream(small("k03"));
  const volume = node.volume();
  const calls = Array.from({ length: 50 }, async () => node.publish(volume, closure.root));
  const codes = (await Promise.all(calls)).map((outcome) => outcome.code);
  expect(codes).toContain("OK");
  expect(codes.filter((code) => code !== "OK" && code !== "ABORTED")).toEqual([]);
  expectPublished(node, [volume]);
  mountIdOf(volume);
  expect(node.cache.narRequestCount).toBe(closure.paths.length);
  expect(await node.problemsOf(volume, closure)).toEqual([]);
});

it("K22: republishing 500 volumes starts no process and writes no log", async () => {
  await using spyDir = temporaryDirectory("k22-spy");
  const spy = new CommandSpy(spyDir.path, ["nix", "nix-store", "mount", "umount", "mount.composefs"]);
  await using node = await TestNode.create("k22", { plugin: { env: spy.env } });
  const closure = await node.addLocal(small("k22"));
  const volumes = Array.from({ length: 500 }, () => node.volume());
  for (const volume of volumes) await node.publish(volume, closure.root);
  // The log is written behind the answers.
  const published = () => node.plugin.logs.records.filter((record) => record["msg"] === "published");
  await waitUntil("every audit record", () => published().length === volumes.length);
  const before = [spy.calls.length, logCount(node), mountIdOf(volumes[0] ?? node.volume())];
  for (let round = 0; round < 3; round++) {
    const outcomes = await Promise.all(volumes.map(async (volume) => node.publish(volume, closure.root)));
    expect(outcomes.filter((outcome) => outcome.code !== "OK")).toEqual([]);
  }
  expect([spy.calls.length, logCount(node), mountIdOf(volumes[0] ?? node.volume())]).toEqual(before);
  expectPublished(node, volumes);
});

it("K23: a republish is OK while the database is locked, the caches are down and the store is gone", async () => {
  await using node = await TestNode.create("k23");
  const closure = await node.addUpstream(small("k23"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  const mountId = mountIdOf(volume);
  await node.cache[Symbol.asyncDispose]();
  const lock = new DatabaseSync(join(node.plugin.stateDir, "store/nix/var/nix/db/db.sqlite"));
  lock.exec("BEGIN EXCLUSIVE");
  try {
    expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  } finally {
    lock.close();
  }
  expect(mountIdOf(volume)).toBe(mountId);
  expect(await node.problemsOf(volume, closure)).toEqual([]);
});
