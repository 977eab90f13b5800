import { needs, StraceFault, TestNode } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectNothingLeft, expectPublished, MACHINE, small } from "./support.ts";

beforeEach((context) => needs(context, ...MACHINE, "strace"));

it.each([
  ["open_tree", "EPERM"],
  ["mount_setattr", "ENOMEM"],
  ["move_mount", "EIO"],
])("K12: when %s fails with %s all is undone, and the next publish is OK", async (call, error) => {
  await using node = await TestNode.create("k12");
  const closure = await node.addLocal(small("k12"));
  const warmUp = node.volume();
  await node.publish(warmUp, closure.root);
  await node.unpublish(warmUp);
  const volume = node.volume();
  {
    await using _fault = await StraceFault.attach(node.plugin.pid, `${call}:error=${error}`);
    const outcome = await node.publish(volume, closure.root);
    expect(outcome.code).toBe("INTERNAL");
    expect(outcome.message).not.toContain(node.plugin.stateDir);
  }
  expectNothingLeft(node);
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  expectPublished(node, [volume]);
});
