import { needs, PausedCollector, StraceFault, type TestClosure, TestNode, waitUntil } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectPublished, MACHINE, small } from "../scenarios/support.ts";

beforeEach((context) => needs(context, ...MACHINE));

const LONGER_THAN_THE_TEST = "600s";
const OTHER_PID_NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--"];

async function pausedCollector(node: TestNode, wrapper: readonly string[] = []): Promise<PausedCollector> {
  const init = { store: node.store.location, scratchDir: node.directory.join("scratch"), wrapper };
  return PausedCollector.start({ ...init, stop: "afterRoots" });
}

/** What nobody uses goes: a collector that keeps everything would pass every other check. */
async function expectCollected(node: TestNode, closure: TestClosure): Promise<void> {
  expect([...(await node.store.invalidPaths(closure.paths))].sort()).toEqual([...closure.paths].sort());
}

it.each([
  ["present", "addLocal"],
  ["fetched", "addUpstream"],
] as const)("N01: a closure that is %s while a collector has listed its roots survives", async (_, add) => {
  await using node = await TestNode.create("n01");
  const [wanted, unused] = [await node[add](small("wanted")), await node.addLocal(small("unused"))];
  await using collector = await pausedCollector(node);
  const volume = node.volume();
  expect(await node.publish(volume, wanted.root)).toMatchObject({ code: "OK" });
  expect(await collector.resume()).toMatchObject({ exitCode: 0 });
  expect(await node.problemsOf(volume, wanted)).toEqual([]);
  await expectCollected(node, unused);
  await node.store.collectGarbage();
  expect(await node.problemsOf(volume, wanted)).toEqual([]);
});

it("N01: a closure that is published while a collector has its lock but no roots yet survives", async (context) => {
  await using node = await TestNode.create("n01lock");
  const [wanted, unused] = [await node.addLocal(small("wanted")), await node.addLocal(small("unused"))];
  const init = { store: node.store.location, scratchDir: node.directory.join("scratch") };
  const collector = await PausedCollector.start({ ...init, stop: "afterLock" }).catch((error: unknown) => {
    context.skip(String(error));
    throw error;
  });
  await using _collector = collector;
  const volume = node.volume();
  expect(await node.publish(volume, wanted.root)).toMatchObject({ code: "OK" });
  await collector.resume();
  expect(await node.problemsOf(volume, wanted)).toEqual([]);
  await expectCollected(node, unused);
});

it("N02: a collection between root and mount takes nothing", async (context) => {
  needs(context, "strace");
  await using node = await TestNode.create("n02");
  const [wanted, unused] = [await node.addLocal(small("wanted")), await node.addLocal(small("unused"))];
  const [first, volume] = [node.volume(), node.volume()];
  // With the view ready, the pod's mount is the one that is held up.
  await node.publish(first, wanted.root);
  await node.unpublish(first);
  await using held = await StraceFault.attach(node.plugin.pid, `move_mount:delay_enter=${LONGER_THAN_THE_TEST}`);
  const publish = node.publish(volume, wanted.root);
  await waitUntil("the roots", () => node.audit().rootOwners.length === 1);
  await node.store.collectGarbage();
  expect(node.audit().podMounts).toEqual([]);
  await held[Symbol.asyncDispose]();
  expect(await publish).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(volume, wanted)).toEqual([]);
  await expectCollected(node, unused);
});

it("N04: a collector in another pid namespace, which sees no process of ours, spares what is published", async () => {
  await using node = await TestNode.create("n04");
  const [before, during] = [await node.addLocal(small("before")), await node.addUpstream(small("during"))];
  const unused = await node.addLocal(small("unused"));
  const volumes = [node.volume(), node.volume()] as const;
  await node.publish(volumes[0], before.root);
  await using collector = await pausedCollector(node, OTHER_PID_NAMESPACE);
  expect(await node.publish(volumes[1], during.root)).toMatchObject({ code: "OK" });
  expect(await collector.resume()).toMatchObject({ exitCode: 0 });
  expect(await node.problemsOf(volumes[0], before)).toEqual([]);
  expect(await node.problemsOf(volumes[1], during)).toEqual([]);
  await expectCollected(node, unused);
  expectPublished(node, volumes);
});

it("a collection after unpublish takes the closure, but not its twin that is still published", async () => {
  await using node = await TestNode.create("gc-shared");
  const shared = await node.addLocal(small("shared"));
  const root = (name: string) => node.addLocal({ ...small(name), references: [shared.root] });
  const [kept, leaving] = [await root("kept"), await root("leaving")];
  const volumes = [node.volume(), node.volume()] as const;
  await node.publish(volumes[0], kept.root);
  await node.publish(volumes[1], leaving.root);
  await node.unpublish(volumes[1]);
  await node.store.collectGarbage();
  await expectCollected(node, leaving);
  expect(await node.store.invalidPaths([...kept.paths, ...shared.paths])).toEqual([]);
});
