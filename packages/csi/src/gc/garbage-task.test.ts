import type { UnusedClosure } from "@niphas/nix";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HELLO, TestPlugin, WORLD } from "../twins/test-plugin.ts";
import { GarbageTask } from "./garbage-task.ts";

const MINUTE_MS = 60_000;
const never = new AbortController().signal;

let plugin: TestPlugin;
let collections: (readonly UnusedClosure[])[];
let onCollect: (unused: readonly UnusedClosure[]) => Promise<void>;
let freed: number[];
let task: GarbageTask;
beforeEach(() => {
  plugin = new TestPlugin();
  plugin.nix.addValid(HELLO, WORLD);
  plugin.views.nowMs = () => plugin.clock.nowMs();
  collections = [];
  freed = [];
  onCollect = async () => Promise.resolve();
  const collect: GarbageCollectorCollect = async ({ unused }) => {
    collections.push(unused);
    await onCollect(unused);
    return {
      ran: true,
      freedBytes: 10,
      freedInodes: 1,
      rounds: 1,
      targetsMet: true,
      droppedClosures: unused.length,
      failures: [],
    };
  };
  const observer = { collected: (bytes: number) => void freed.push(bytes) };
  task = new GarbageTask({ ...plugin.components(), collector: { collect }, observer });
});
afterEach(() => plugin[Symbol.dispose]());

type GarbageCollectorCollect = ConstructorParameters<typeof GarbageTask>[0]["collector"]["collect"];

async function publishOnce(n: number, storePath: string): Promise<void> {
  await plugin.publish(plugin.request(n, { volume_context: { storePath } }));
}

it("offers what no volume shows, and never what one does", async () => {
  await publishOnce(1, HELLO);
  await publishOnce(2, WORLD);
  await plugin.unpublish(1);
  await plugin.clock.advance(MINUTE_MS);
  await task.run(never);
  expect(collections[0]?.map(({ roots }) => roots)).toEqual([[HELLO]]);
  expect(freed).toEqual([10]);
});

it("keeps off views that were used within the last minute: a publish may be about to mount one", async () => {
  await publishOnce(1, HELLO);
  await plugin.unpublish(1);
  await plugin.clock.advance(MINUTE_MS - 1);
  await task.run(never);
  expect(collections[0]).toEqual([]);
});

it("offers all views of one closure together and removes them when it is dropped", async () => {
  await publishOnce(1, HELLO);
  await plugin.publish(plugin.request(2, { volume_context: { storePath: HELLO, view: "tree" } }));
  for (const n of [1, 2]) await plugin.unpublish(n);
  await plugin.clock.advance(MINUTE_MS);
  onCollect = async ([closure]) => closure?.drop();
  await task.run(never);
  expect(collections[0]).toHaveLength(1);
  expect(plugin.views.list()).toEqual([]);
});

it("does not drop a closure that is published again meanwhile", async () => {
  await publishOnce(1, HELLO);
  await plugin.unpublish(1);
  await plugin.clock.advance(MINUTE_MS);
  onCollect = async ([closure]) => {
    await publishOnce(2, HELLO);
    await expect(closure?.drop()).rejects.toMatchObject({ code: "VolumeBusy" });
  };
  await task.run(never);
  expect(plugin.views.list()).toHaveLength(1);
});

it("removes unused views whose paths are gone", async () => {
  await publishOnce(1, HELLO);
  await publishOnce(2, WORLD);
  await plugin.unpublish(1);
  plugin.nix.removeValid(HELLO);
  plugin.nix.removeValid(WORLD);
  await plugin.clock.advance(MINUTE_MS);
  await task.run(never);
  expect(plugin.views.list().map(({ roots }) => roots)).toEqual([[WORLD]]);
});

it("takes a use in the future for one before the clock was set back", async () => {
  plugin.views.nowMs = () => 100 * MINUTE_MS;
  await publishOnce(1, HELLO);
  await plugin.unpublish(1);
  await task.run(never);
  expect(collections[0]?.map(({ roots }) => roots)).toEqual([[HELLO]]);
});
