import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StorePath } from "@niphas/core";
import { createGarbageCollector, createGcRoots, diskSpace, type GcTargets } from "@niphas/nix";
import { describe, expect, it } from "vitest";
import { failureOf, never, nodeStore } from "./node-store.ts";

const MIB = 1024 * 1024;
const FILE_SYSTEM = { sizeBytes: 96 * MIB, inodeCount: 4_000 };
/** Nix keeps a file of this size so that it can collect on a full disk, and removes it when it does. libstore/gc.cc */
const RESERVED_BYTES = 8 * MIB;
const EVERYTHING: GcTargets = { freeBytes: { ratio: 1 }, freeInodes: { ratio: 1 } };

/** A store on a small file system with this many closures of about 4 MiB and 50 inodes each. */
async function filledStore(closureCount: number) {
  const node = await nodeStore({}, FILE_SYSTEM);
  const roots: StorePath[] = [];
  for (let index = 0; index < closureCount; index++) {
    const name = `app-${index}`;
    const closure = await node.source.addClosure({ name, pathCount: 2, fileCount: 40, fileSizeBytes: 100_000 });
    await node.publish(closure.root);
    await node.realiser.realise([closure.root], { signal: never });
    roots.push(closure.root);
  }
  const dropped: StorePath[] = [];
  const unused = roots.map((root, index) => ({
    roots: [root],
    lastUsedAtMs: index,
    drop: async () => {
      dropped.push(root);
    },
  }));
  const isValid = (root: StorePath): boolean => node.database.validId(root) !== undefined;
  return { ...node, closures: roots, dropped, unused, isValid };
}

describe("collecting garbage", () => {
  it("does nothing when enough is free", async () => {
    await using node = await filledStore(1);
    const collector = createGarbageCollector({ nix: node.nix }, { now: () => 42 });
    const report = await collector.collect({ unused: node.unused, signal: never });
    expect(report).toEqual({
      ran: false,
      rounds: 0,
      freedBytes: 0,
      freedInodes: 0,
      targetsMet: true,
      droppedClosures: 0,
      failures: [],
    });
    expect(node.closures.every(node.isValid)).toBe(true);
    expect(collector.lastSuccessAtMs).toBe(42);
  });

  it("drops the least recently used first and stops when enough bytes are free", async () => {
    await using node = await filledStore(8);
    const free = diskSpace(node.settings.store.rootDir).freeBytes;
    const targets: GcTargets = { freeBytes: { amount: free + RESERVED_BYTES + 6 * MIB }, freeInodes: { ratio: 0 } };
    const report = await createGarbageCollector({ nix: node.nix }, { targets }).collect({
      unused: node.unused.toReversed(),
      signal: never,
    });
    expect(report).toMatchObject({ ran: true, rounds: 2, targetsMet: true, droppedClosures: 4, failures: [] });
    expect(report.freedBytes).toBeGreaterThan(RESERVED_BYTES + 6 * MIB);
    expect(node.dropped).toHaveLength(4);
    expect(node.closures.map(node.isValid)).toEqual([false, false, false, false, true, true, true, true]);
  });

  it("frees inodes as well", async () => {
    await using node = await filledStore(4);
    const free = diskSpace(node.settings.store.rootDir).freeInodes;
    const targets: GcTargets = { freeBytes: { ratio: 0 }, freeInodes: { amount: free + 60 } };
    const report = await createGarbageCollector({ nix: node.nix }, { targets }).collect({
      unused: node.unused,
      signal: never,
    });
    expect(report).toMatchObject({ targetsMet: true, droppedClosures: 2 });
    expect(report.freedInodes).toBeGreaterThan(60);
    expect(node.closures.map(node.isValid)).toEqual([false, false, true, true]);
  });

  it("takes orphans before any closure that is known", async () => {
    await using node = await filledStore(3);
    const free = diskSpace(node.settings.store.rootDir).freeBytes;
    const targets: GcTargets = { freeBytes: { amount: free + RESERVED_BYTES + 2 * MIB }, freeInodes: { ratio: 0 } };
    const report = await createGarbageCollector({ nix: node.nix }, { targets }).collect({
      unused: node.unused.slice(0, 2),
      signal: never,
    });
    expect(report).toMatchObject({ rounds: 1, targetsMet: true, droppedClosures: 0 });
    expect(node.closures.map(node.isValid)).toEqual([true, true, false]);
  });

  it("never touches what has a root, and says when that is not enough", async () => {
    await using node = await filledStore(3);
    const [mounted] = node.closures;
    node.roots.add("volume", node.closures.slice(0, 1));
    const report = await createGarbageCollector({ nix: node.nix }, { targets: EVERYTHING }).collect({
      unused: node.unused.slice(1),
      signal: never,
    });
    expect(report).toMatchObject({ targetsMet: false, droppedClosures: 2 });
    expect(node.closures.filter(node.isValid)).toEqual([mounted]);
  });
});

describe("a collection that meets trouble", () => {
  it("keeps a closure that cannot be dropped and reports why", async () => {
    await using node = await filledStore(2);
    const busy = { ...node.unused[0], roots: node.closures.slice(0, 1), lastUsedAtMs: 0, drop: refuse };
    const report = await createGarbageCollector({ nix: node.nix }, { targets: EVERYTHING }).collect({
      unused: [busy, ...node.unused.slice(1)],
      signal: never,
    });
    expect(report.droppedClosures).toBe(1);
    expect(report.failures).toHaveLength(1);
    expect(node.closures.map(node.isValid)).toEqual([true, false]);
  });

  it("is shared by all who ask meanwhile", async () => {
    await using node = await filledStore(2);
    const collector = createGarbageCollector({ nix: node.nix }, { targets: EVERYTHING });
    const request = { unused: node.unused, signal: never };
    const [first, second] = await Promise.all([collector.collect(request), collector.collect(request)]);
    expect(second).toBe(first);
    expect(node.dropped).toHaveLength(2);
  });

  it("leaves no root behind, whether it ends well, is cancelled or crashed before", async () => {
    await using node = await filledStore(2);
    const keepRoots = createGcRoots(node.settings.store, { directoryName: "niphas-keep" });
    const collector = createGarbageCollector({ nix: node.nix }, { targets: EVERYTHING });
    keepRoots.add("kept-7", node.closures);
    collector.start();
    expect(keepRoots.owners()).toEqual([]);
    const failure = await failureOf(collector.collect({ unused: node.unused, signal: AbortSignal.abort() }));
    expect(failure.code).toBe("Cancelled");
    expect(keepRoots.owners()).toEqual([]);
    expect(collector.lastSuccessAtMs).toBeUndefined();
    await collector.collect({ unused: node.unused, signal: never });
    expect(keepRoots.owners()).toEqual([]);
    expect(collector.lastSuccessAtMs).toBeDefined();
  });
});

describe("a store that is full", () => {
  it("is collected even when there is no room for a single root: the oldest closures go for the others", async () => {
    await using node = await filledStore(4);
    const { rootDir } = node.settings.store;
    const viewDir = (index: number): string => join(rootDir, `view-${index}`);
    const unused = node.unused.map((closure, index) => {
      mkdirSync(viewDir(index));
      for (let file = 0; file < 10; file++) writeFileSync(join(viewDir(index), String(file)), "");
      return { ...closure, drop: async () => rmSync(viewDir(index), { recursive: true }) };
    });
    takeAllInodes(join(rootDir, "ballast"));
    const targets: GcTargets = { freeBytes: { ratio: 0 }, freeInodes: { amount: 20 } };
    const report = await createGarbageCollector({ nix: node.nix }, { targets }).collect({ unused, signal: never });
    expect(report).toMatchObject({ ran: true, targetsMet: true, droppedClosures: 1, failures: [] });
    expect(node.closures.map(node.isValid)).toEqual([false, true, true, true]);
    expect(unused.map((_, index) => existsSync(viewDir(index)))).toEqual([false, true, true, true]);
  });

  it("is full, not broken, and takes the closure once there is room", async () => {
    await using node = await nodeStore({}, FILE_SYSTEM);
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 10, fileSizeBytes: 200_000 });
    await node.publish(closure.root);
    const ballast = `${node.settings.store.rootDir}/ballast`;
    const { freeBytes } = diskSpace(node.settings.store.rootDir);
    writeFileSync(ballast, Buffer.alloc(freeBytes - 256 * 1024));
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: never }));
    expect(failure.code, failure.message).toBe("DiskFull");
    expect(node.database.validId(closure.root)).toBeUndefined();
    writeFileSync(ballast, "");
    await node.realiser.realise([closure.root], { signal: never });
    expect(node.database.validId(closure.root)).toBeDefined();
  });

  it("says so when the inodes are what is missing", async () => {
    await using node = await nodeStore({}, { ...FILE_SYSTEM, inodeCount: 200 });
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 400 });
    await node.publish(closure.root);
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: never }));
    expect(failure.code, failure.message).toBe("InodesExhausted");
  });
});

/** Makes empty files until the file system takes no more. */
function takeAllInodes(directory: string): void {
  mkdirSync(directory);
  expect(() => {
    for (let index = 0; ; index++) writeFileSync(join(directory, String(index)), "");
  }).toThrow("ENOSPC");
}

async function refuse(): Promise<void> {
  throw new Error("something is mounted from it");
}
