import type { StorePath } from "@niphas/core";
import { file, TestStore, waitUntil } from "@niphas/testing";
import { expect, it } from "vitest";
import { failureOf } from "../nix/node-store.ts";
import { meshRig } from "./mesh-rig.ts";

it("a path that nobody has signed is told to no member, and given to none until it is signed", async () => {
  await using mesh = await meshRig({ nodeCount: 2 });
  const [owner, reader] = [mesh.node(0), mesh.node(1)];
  const store = await TestStore.create(owner.settings.store.rootDir, { key: mesh.source.key });
  const secret = await store.addTree(file("secret"), "secret", { signed: false });
  const open = await store.addTree(file("open"), "open", { references: [secret] });
  const holdersOf = async (path: StorePath) => (await reader.daemon.why(path.slice(11, 43))).holders;
  const known = (path: StorePath) =>
    waitUntil("the reader to know who has it", async () => (await holdersOf(path)).some(({ hasIt }) => hasIt));

  await known(open);
  expect(await holdersOf(secret)).toEqual([]);
  expect((await owner.daemon.status()).paths).toBe(1);
  expect((await failureOf(reader.realise(secret))).code).toBe("PathNotFound");

  await store.sign([secret]);
  await known(secret);
  await reader.realise(open);
  expect(reader.pathCount(open)).toBe(2);
});
