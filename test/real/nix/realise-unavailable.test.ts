import { rmSync } from "node:fs";
import { parseStorePath, STORE_DIR } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { failureOf, never, nodeStore } from "./node-store.ts";

const UNKNOWN = parseStorePath(`${STORE_DIR}/${"4".repeat(32)}-unknown`);
const NAR = /^\/nar\//;

describe("a closure that no cache has", () => {
  it("is not found when every cache says no, and the message lists them without credentials", async () => {
    await using node = await nodeStore();
    const url = node.cache.url.replace("http://", "http://user:canary@");
    await using asking = await nodeStore({ substituters: [`${url}?token=canary`] });
    const failure = await failureOf(asking.realiser.realise([UNKNOWN], { signal: never }));
    expect(failure.code).toBe("PathNotFound");
    expect(failure.message).toContain(UNKNOWN);
    expect(failure.message).toContain(node.cache.url);
    expect(failure.message).not.toContain("canary");
  });

  it("names the missing reference when only the root is in the cache", async () => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 2, fileCount: 2 });
    await node.publish(closure.root);
    const dependency = closure.paths[1] ?? UNKNOWN;
    rmSync(`${node.cacheDir}/${dependency.slice(11, 43)}.narinfo`);
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: never }));
    expect(failure.code).toBe("PathNotFound");
    expect(failure.message).toContain(dependency);
  });

  it("is refused without a process when it is a derivation", async () => {
    await using node = await nodeStore();
    const derivation = parseStorePath(`${UNKNOWN}.drv`);
    expect((await failureOf(node.realiser.realise([derivation], { signal: never }))).code).toBe("InvalidStorePath");
  });
});

describe("a closure whose cache fails", () => {
  it.each([
    ["refuses connections", "http://127.0.0.1:9"],
    ["has no address", "http://cache.invalid"],
  ])("is unavailable when the cache %s", async (_name, url) => {
    await using node = await nodeStore({ substituters: [url] });
    const failure = await failureOf(node.realiser.realise([UNKNOWN], { signal: never }));
    expect(failure.code).toBe("SubstituterUnavailable");
    expect(failure.message).toContain(url);
  });

  it.each([
    ["answers 500 to everything", { path: /^/, status: 500 }],
    ["wants credentials", { path: /^/, status: 401 }],
    ["drops connections", { path: /^/, drop: true }],
    ["has lost the NAR", { path: NAR, status: 404 }],
    ["fails on NARs", { path: NAR, status: 503 }],
    ["breaks off in a NAR", { path: NAR, truncateAtBytes: 100 }],
  ])("is unavailable when the cache %s", async (_name, fault) => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 3 });
    await node.publish(closure.root);
    node.cache.setFaults(fault);
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: never }));
    expect(failure.code, failure.message).toBe("SubstituterUnavailable");
    expect(node.database.validId(closure.root)).toBeUndefined();
  });

  it("is unavailable when the cache stalls in a NAR", async () => {
    await using node = await nodeStore({ stalledDownloadTimeoutSeconds: 1 });
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 3 });
    await node.publish(closure.root);
    node.cache.setFaults({ path: NAR, hang: true });
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: never }));
    expect(failure.code, failure.message).toBe("SubstituterUnavailable");
  });

  it("comes from the next cache when the first is broken", async () => {
    await using good = await nodeStore();
    const closure = await good.source.addClosure({ name: "app", pathCount: 3, fileCount: 6 });
    await good.publish(closure.root);
    await using bad = await nodeStore();
    bad.cache.setFaults({ path: /narinfo$/, status: 500 });
    await using node = await nodeStore({ substituters: [bad.cache.url, good.cache.url] });
    await node.realiser.realise([closure.root], { signal: never });
    expect(node.database.closureSize([closure.root]).pathCount).toBe(3);
  });
});
