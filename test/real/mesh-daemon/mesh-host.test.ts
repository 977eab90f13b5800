import { chmodSync } from "node:fs";
import { BinaryCacheServer, needs, runCommand, TestStore, temporaryDirectory, waitUntil } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { HostMachine } from "./host-machine.ts";

beforeEach((test) => needs(test, "root", "private mount namespace", "nix-daemon", "nsenter", "setpriv"));

/** Two machines as docs/lan.md sets them up, and a binary cache that has two closures. */
async function twoHosts() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory("mesh-host"));
  chmodSync(directory.path, 0o755);
  const source = await TestStore.create(directory.join("source"));
  const shared = await source.addClosure({ name: "shared", pathCount: 6, fileCount: 20 });
  const other = await source.addClosure({ name: "other", pathCount: 3, fileCount: 5 });
  const cacheDir = directory.join("cache");
  await source.copyToCache(cacheDir, [shared.root, other.root]);
  const cache = stack.use(await BinaryCacheServer.start(cacheDir));
  const init = { directory, cacheUrl: cache.url, publicKey: source.publicKey };
  const first = stack.use(await HostMachine.create({ ...init, name: "first" }));
  const second = stack.use(await HostMachine.create({ ...init, name: "second" }));
  for (const machine of [first, second]) await machine.startMesh([first, second]);
  return { first, second, cache, shared, other, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe("two machines with a plain nix.conf", () => {
  it("give each other what their Nix has, without upstream", async () => {
    await using hosts = await twoHosts();
    const { first, second, cache, shared } = hosts;
    await first.realise(shared.root);
    await waitUntil("the second machine to know", async () => {
      const { holders } = await second.mesh.why(shared.root.slice(11, 43));
      return holders.some(({ hasIt }) => hasIt);
    });
    cache.clearLog();
    await second.realise(shared.root);
    await second.verify(shared.paths);
    expect(cache.narRequestCount).toBe(0);
    const { receivedBytes } = await second.mesh.status();
    expect(receivedBytes.upstream).toBe(0);
    expect(receivedBytes.peer + receivedBytes.zone).toBeGreaterThan(0);
  });

  it("have their binary caches while their daemon is not there, and the mesh when it is", async () => {
    await using hosts = await twoHosts();
    const { first, second, cache, shared, other } = hosts;
    await first.realise(shared.root);
    await second.mesh.kill();
    await second.realise(other.root);
    await second.verify(other.paths);
    expect(cache.narRequestCount).toBeGreaterThan(0);
    await second.mesh.start();
    await second.realise(shared.root);
    await second.verify(shared.paths);
  });

  it("have their binary caches also when their Nix knows the daemon that was killed", async (test) => {
    const { stdout } = await runCommand(["nix-store", "--version"]);
    // https://github.com/NixOS/nix/issues/6445
    if (/ 2\.8\./.test(stdout)) test.skip("the daemon of Nix 2.8 crashes when a binary cache that it knows has gone");
    await using hosts = await twoHosts();
    const { second, shared, other } = hosts;
    await second.realise(other.root);
    await second.mesh.kill();
    await second.realise(shared.root);
    await second.verify(shared.paths);
  });
});
