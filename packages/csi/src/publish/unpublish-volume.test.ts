import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NiphasError } from "@niphas/core";
import { settle } from "@niphas/service";
import { afterEach, beforeEach, expect, it } from "vitest";
import { codeOf, HELLO, NOTHING, PUBLISHED, TestPlugin } from "../twins/test-plugin.ts";

let plugin: TestPlugin;
beforeEach(() => {
  plugin = new TestPlugin();
});
afterEach(() => plugin[Symbol.dispose]());

it("is the exact reverse", async () => {
  plugin.nix.addValid(HELLO);
  await plugin.publish(plugin.request(1));
  await plugin.unpublish(1);
  expect(plugin.state(1)).toEqual(NOTHING);
  expect(plugin.views.touched).toHaveLength(1);
});

it("succeeds on what is not there: unknown volume, missing target, twice at once", async () => {
  await Promise.all([plugin.unpublish(1), plugin.unpublish(1)]);
  expect(plugin.mounter.calls).toEqual([]);
});

it("cleans the path even without a record", async () => {
  mkdirSync(plugin.target(1));
  plugin.mounter.addForeign({ mountPoint: plugin.target(1) });
  plugin.mounter.addForeign({ mountPoint: plugin.target(1) });
  await plugin.unpublish(1);
  expect(plugin.state(1)).toEqual(NOTHING);
});

it("ends a publish that is under way, and everything that was queued before it", async () => {
  const calls = [1, 2, 3].map(async () => codeOf(plugin.publish(plugin.request(1))));
  await settle();
  await plugin.unpublish(1);
  expect(await Promise.all(calls)).toEqual(["Cancelled", "Cancelled", "Cancelled"]);
  expect(plugin.nix.pending).toHaveLength(0);
  await plugin.clock.advance(1_000_000);
  expect(plugin.state(1)).toEqual(NOTHING);
});

it("does not end a fetch that another volume waits for", async () => {
  const other = plugin.publish(plugin.request(2));
  const call = codeOf(plugin.publish(plugin.request(1)));
  await settle();
  await plugin.unpublish(1);
  expect(await call).toBe("Cancelled");
  plugin.nix.finishFetch();
  await other;
  expect(plugin.state(2)).toEqual(PUBLISHED);
});

it("never says OK while the mount is there", async () => {
  plugin.nix.addValid(HELLO);
  await plugin.publish(plugin.request(1));
  plugin.mounter.failNext("unmountAll", new NiphasError("MountFailed", "EBUSY"));
  expect(await codeOf(plugin.unpublish(1))).toBe("MountFailed");
  expect(plugin.state(1)).toEqual(PUBLISHED);
  await plugin.unpublish(1);
  expect(plugin.state(1)).toEqual(NOTHING);
});

it("never deletes what somebody put into the target", async () => {
  mkdirSync(plugin.target(1));
  writeFileSync(join(plugin.target(1), "precious"), "x");
  expect(await codeOf(plugin.unpublish(1))).toBe("MountFailed");
  expect(existsSync(join(plugin.target(1), "precious"))).toBe(true);
});

it("lets the pod go when the state disk is read-only, and leaves the roots to the janitor", async () => {
  plugin.nix.addValid(HELLO);
  await plugin.publish(plugin.request(1));
  const remove = plugin.gcRoots.remove.bind(plugin.gcRoots);
  plugin.gcRoots.remove = () => {
    throw Object.assign(new Error("read-only"), { code: "EROFS" });
  };
  await plugin.unpublish(1);
  expect(plugin.state(1)).toEqual({ ...NOTHING, roots: 1, record: true });
  plugin.gcRoots.remove = remove;
  await plugin.janitor.sweep(new AbortController().signal);
  expect(plugin.state(1)).toEqual(NOTHING);
});

it("still fails for other reasons to remove the roots, so that the kubelet comes again", async () => {
  plugin.gcRoots.remove = () => {
    throw new Error("a bug");
  };
  expect(await codeOf(plugin.unpublish(1))).toBe("Internal");
});
