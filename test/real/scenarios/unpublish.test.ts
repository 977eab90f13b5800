import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { mountsAt, needs, runCommand, StraceFault, TestNode } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectNothingLeft, expectPublished, MACHINE, mountIdOf, small } from "./support.ts";

beforeEach((context) => needs(context, ...MACHINE));

it("K08: a final error after a success that nobody heard of leaves neither mount nor root", async () => {
  await using node = await TestNode.create("k08");
  const closure = await node.addLocal(small("k08"));
  const volume = node.volume();
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  const invalid = await node.publish(volume, { storePath: closure.root, colour: "green" });
  expect(invalid).toMatchObject({ code: "INVALID_ARGUMENT" });
  expectNothingLeft(node);
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
});

it("K09: unpublish is OK for an unknown volume, a missing target, twice, and ten times at once", async () => {
  await using node = await TestNode.create("k09");
  const closure = await node.addLocal(small("k09"));
  const [kept, gone, unknown] = [node.volume(), node.volume(), node.volume()];
  await node.publish(kept, closure.root);
  await node.publish(gone, closure.root);
  const mountId = mountIdOf(kept);
  expect(await node.unpublish(unknown)).toMatchObject({ code: "OK" });
  const outcomes = await Promise.all(Array.from({ length: 10 }, async () => node.unpublish(gone)));
  expect(new Set(outcomes.map((outcome) => outcome.code))).toEqual(new Set(["OK"]));
  expect(await node.unpublish(gone)).toMatchObject({ code: "OK" });
  expectPublished(node, [kept]);
  expect(mountIdOf(kept)).toBe(mountId);
});

it("K09: unpublish removes an empty target that was never mounted, and never what is in a full one", async () => {
  await using node = await TestNode.create("k09b");
  const [empty, full] = [node.volume(), node.volume()];
  mkdirSync(empty.targetPath);
  mkdirSync(`${full.targetPath}/precious`, { recursive: true });
  expect(await node.unpublish(empty)).toMatchObject({ code: "OK" });
  expect(existsSync(empty.targetPath)).toBe(false);
  expect((await node.unpublish(full)).code).not.toBe("OK");
  expect(readdirSync(full.targetPath)).toEqual(["precious"]);
  rmdirSync(`${full.targetPath}/precious`);
  expect(await node.unpublish(full)).toMatchObject({ code: "OK" });
});

it("K10: unpublish of a mount that a process stands in is OK only when the mount is gone", async () => {
  await using node = await TestNode.create("k10");
  const closure = await node.addLocal(small("k10"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  const holder = spawn("sleep", ["60"], { cwd: volume.targetPath });
  await once(holder, "spawn");
  try {
    expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
    expectNothingLeft(node);
  } finally {
    holder.kill("SIGKILL");
  }
});

it("K11: unpublish takes away every mount that is stacked on the target", async () => {
  await using node = await TestNode.create("k11");
  const closure = await node.addLocal(small("k11"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  for (let layer = 0; layer < 3; layer++) {
    await runCommand(["mount", "--bind", node.directory.join("cache"), volume.targetPath]);
  }
  expect(mountsAt(volume.targetPath)).toHaveLength(4);
  expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
  expectNothingLeft(node);
});

it("K11: when umount2 lies, unpublish does not say OK", async (context) => {
  needs(context, "strace");
  await using node = await TestNode.create("k11s");
  const closure = await node.addLocal(small("k11s"));
  const volume = node.volume();
  await node.publish(volume, closure.root);
  {
    await using _lie = await StraceFault.attach(node.plugin.pid, "umount2:retval=0");
    expect((await node.unpublish(volume)).code).not.toBe("OK");
    expectPublished(node, [volume]);
  }
  expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
  expectNothingLeft(node);
});
