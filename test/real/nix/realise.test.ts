import type { RealiseProgress } from "@niphas/nix";
import { waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { failureOf, never, nodeStore } from "./node-store.ts";
import { nixProcesses } from "./processes-of-store.ts";

const NAR = /^\/nar\//;

describe("realising a closure", () => {
  it("makes every path valid and reports growing progress", async () => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 12, fileCount: 60, fileSizeBytes: 40_000 });
    await node.publish(closure.root);
    const seen: RealiseProgress[] = [];
    await node.realiser.realise([closure.root], { signal: never, onProgress: (progress) => seen.push(progress) });
    const narSizeBytes = node.database.closure([closure.root]).reduce((sum, path) => sum + path.narSizeBytes, 0);
    expect(node.database.closureSize([closure.root])).toEqual({ pathCount: 12, narSizeBytes });
    expect(seen.at(-1)).toEqual({
      phase: "done",
      donePaths: 12,
      totalPaths: 12,
      doneBytes: narSizeBytes,
      totalBytes: narSizeBytes,
      sources: [node.cache.url],
    });
    const bytes = seen.map((progress) => progress.doneBytes);
    expect(bytes).toEqual([...bytes].sort((left, right) => left - right));
    expect(seen.some((progress) => progress.phase === "fetching" && progress.donePaths < 12)).toBe(true);
  });

  it("starts no process when the closure is valid", async () => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 1 });
    await node.publish(closure.root);
    await node.realiser.realise([closure.root], { signal: never });
    node.cache.clearLog();
    await node.realiser.realise([closure.root], { signal: never });
    expect(node.cache.requests).toEqual([]);
  });

  it("shares one fetch among all who want the same closure", async () => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 5, fileCount: 10 });
    await node.publish(closure.root);
    await Promise.all(Array.from({ length: 50 }, () => node.realiser.realise([closure.root], { signal: never })));
    expect(node.cache.narRequestCount).toBe(5);
  });
});

describe("leaving a realisation", () => {
  it("lets one caller leave and goes on for the others", async () => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 2, fileCount: 2 });
    await node.publish(closure.root);
    node.cache.setFaults({ path: NAR, delayMs: 500 });
    const leaving = new AbortController();
    const left = failureOf(node.realiser.realise([closure.root], { signal: leaving.signal }));
    const stayed = node.realiser.realise([closure.root], { signal: never });
    leaving.abort();
    expect((await left).code).toBe("Cancelled");
    await stayed;
    expect(node.database.validId(closure.root)).toBeDefined();
  });

  it("kills Nix when the last caller leaves, and can start again", async () => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 2, fileCount: 2 });
    await node.publish(closure.root);
    node.cache.setFaults({ path: NAR, hang: true });
    const leaving = new AbortController();
    const left = failureOf(node.realiser.realise([closure.root], { signal: leaving.signal }));
    await waitUntil("a download", () => node.cache.narRequestCount > 0);
    leaving.abort();
    expect((await left).code).toBe("Cancelled");
    node.cache.setFaults();
    await node.realiser.realise([closure.root], { signal: never });
    expect(nixProcesses(node.settings.store.rootDir)).toEqual([]);
    expect(node.database.validId(closure.root)).toBeDefined();
  });

  it("stops with no process left", async () => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 1 });
    await node.publish(closure.root);
    node.cache.setFaults({ path: NAR, hang: true });
    const failure = failureOf(node.realiser.realise([closure.root], { signal: never }));
    await waitUntil("a download", () => node.cache.narRequestCount > 0);
    await node.realiser.stop();
    expect((await failure).code).toBe("ShuttingDown");
    expect(nixProcesses(node.settings.store.rootDir)).toEqual([]);
    expect((await failureOf(node.realiser.realise([closure.root], { signal: never }))).code).toBe("ShuttingDown");
  });

  it("ends a realisation at its own deadline", async () => {
    await using node = await nodeStore({ realiseTimeoutMs: 700 });
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 1 });
    await node.publish(closure.root);
    node.cache.setFaults({ path: NAR, hang: true });
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: never }));
    expect(failure.code).toBe("SubstituterUnavailable");
    expect(nixProcesses(node.settings.store.rootDir)).toEqual([]);
  });
});
