import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createCollectorNotifier, storeLayout } from "@niphas/nix";
import { type CollectorStop, PausedCollector, waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { failureOf, never, nodeStore } from "./node-store.ts";

async function storeWithClosure() {
  const node = await nodeStore();
  const closure = await node.source.addClosure({ name: "app", pathCount: 4, fileCount: 8 });
  await node.publish(closure.root);
  await node.realiser.realise([closure.root], { signal: never });
  return { ...node, closure, notifier: createCollectorNotifier(node.settings.store) };
}

describe("a root made while a collector runs", () => {
  it("does not keep the path by itself once the roots were listed", async () => {
    await using node = await storeWithClosure();
    await using collector = await pausedCollector(node, "afterRoots");
    node.roots.add("late", [node.closure.root]);
    await collector.resume();
    expect(node.database.validId(node.closure.root)).toBeUndefined();
  });

  it("keeps the whole closure when it is announced", async () => {
    await using node = await storeWithClosure();
    await using collector = await pausedCollector(node, "afterRoots");
    node.roots.add("late", [node.closure.root]);
    await node.notifier.announce([node.closure.root], never);
    await collector.resume();
    expect(node.database.closureSize([node.closure.root]).pathCount).toBe(4);
  });

  const hasFirstHook =
    execFileSync("nix-store", ["--version"], { encoding: "utf8" }).trim() !== "nix-store (Nix) 2.8.0";

  it("is listed by a collector that does not listen yet, so the announcement ends at once", async ({ skip }) => {
    skip(!hasFirstHook, "Nix 2.8 cannot be paused before it listens: it has only the later hook");
    await using node = await storeWithClosure();
    await using collector = await pausedCollector(node, "afterLock");
    node.roots.add("early", [node.closure.root]);
    await node.notifier.announce([node.closure.root], never);
    await collector.resume();
    expect(node.database.closureSize([node.closure.root]).pathCount).toBe(4);
  });

  it("acknowledges many paths of many callers", async () => {
    await using node = await storeWithClosure();
    await using collector = await pausedCollector(node, "afterRoots");
    await Promise.all(node.closure.paths.map((path) => node.notifier.announce([path], never)));
    await node.notifier.announce(node.closure.paths, never);
    await collector.resume();
    expect(node.database.closureSize([node.closure.root]).pathCount).toBe(4);
  });
});

describe("announcing", () => {
  it("ends at once when no collector ever ran", async () => {
    await using node = await storeWithClosure();
    await node.notifier.announce([node.closure.root], never);
  });

  it("ends at once when a collector left its socket behind", async () => {
    await using node = await storeWithClosure();
    await runGc(node);
    expect(existsSync(storeLayout(node.settings.store).collectorSocket)).toBe(true);
    await node.notifier.announce([node.closure.root], never);
  });

  it("ends when the collector is killed in the middle", async () => {
    await using node = await storeWithClosure();
    await using collector = await pausedCollector(node, "afterRoots");
    const announced = node.notifier.announce(node.closure.paths, never);
    await collector[Symbol.asyncDispose]();
    await announced;
  });
});

describe("direct roots", () => {
  it("keep their closure through a collection, and let it go when removed", async () => {
    await using node = await storeWithClosure();
    node.roots.add("volume", [node.closure.root]);
    await runGc(node);
    expect(node.database.closureSize([node.closure.root]).pathCount).toBe(4);
    node.roots.remove("volume");
    await runGc(node);
    expect(node.database.newestId()).toBe(0);
  });

  it("may stand before their path is valid and keep it from then on", async () => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 3, fileCount: 3 });
    await node.publish(closure.root);
    node.roots.add("volume", [closure.root]);
    await runGc(node);
    await node.realiser.realise([closure.root], { signal: never });
    await runGc(node);
    expect(node.database.closureSize([closure.root]).pathCount).toBe(3);
  });

  it("are kept apart from a JSON file and foreign names beside them", async () => {
    await using node = await storeWithClosure();
    node.roots.add("volume", [node.closure.root]);
    writeNeighbours(node.roots.ownerDir("volume"));
    await runGc(node);
    expect(node.database.closureSize([node.closure.root]).pathCount).toBe(4);
    expect(node.roots.rootsOf("volume")).toEqual([node.closure.root]);
  });
});

it("fails with the collector's name when it does not answer in time", async () => {
  await using node = await storeWithClosure();
  await using server = await silentCollector(node.directory.join("node/nix/var/nix/gc-socket"));
  const notifier = createCollectorNotifier(node.settings.store, { timeoutMs: 200 });
  const failure = await failureOf(notifier.announce([node.closure.root], never));
  expect(failure.code).toBe("StoreUnavailable");
  expect(failure.message).toContain("garbage collector");
  await waitUntil("the connection", () => server.connectionCount() === 1);
  const leaving = new AbortController();
  const left = failureOf(createCollectorNotifier(node.settings.store).announce([node.closure.root], leaving.signal));
  await sleep(0);
  leaving.abort();
  expect((await left).code).toBe("Cancelled");
});

function pausedCollector(node: Awaited<ReturnType<typeof nodeStore>>, stop: CollectorStop): Promise<PausedCollector> {
  return PausedCollector.start({ store: node.settings.store, scratchDir: node.directory.path, stop });
}

async function runGc(node: Awaited<ReturnType<typeof nodeStore>>): Promise<void> {
  const result = await node.nix.run("nix-store", { args: ["--gc"], signal: never, timeoutMs: 60_000 });
  expect(result.exitCode).toBe(0);
}

function writeNeighbours(dir: string): void {
  writeFileSync(`${dir}/volume.json`, "{}");
  symlinkSync("/does/not/exist", `${dir}/dangling`);
}

async function silentCollector(dir: string) {
  mkdirSync(dir, { recursive: true });
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.resume().on("error", () => undefined);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(`${dir}/socket`, resolve);
  await promise;
  return {
    connectionCount: () => connections,
    [Symbol.asyncDispose]: () => new Promise<void>((done) => void server.close(() => done())),
  };
}
