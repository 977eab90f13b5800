import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NiphasError } from "@niphas/core";
import { FakeApiServer } from "@niphas/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKubeClient, type OwnedKubeClient } from "../create-client.ts";
import { PODS, type Pod } from "../objects/core.ts";
import { Reflector, type ReflectorInit } from "./reflector.ts";

let directory: string;
let api: FakeApiServer;
let owned: OwnedKubeClient;
let controller: AbortController;
let running: Promise<void>;
let changes: string[];
let failures: NiphasError[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "niphas-kube-"));
  api = await FakeApiServer.start();
  const file = join(directory, "kubeconfig");
  api.writeKubeconfig(file);
  owned = await createKubeClient({ file }, { watchSilenceMs: 200 });
  controller = new AbortController();
  changes = [];
  failures = [];
});
afterEach(async () => {
  controller.abort();
  await running;
  owned[Symbol.dispose]();
  await api[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

async function start(init: Partial<ReflectorInit<Pod>> = {}): Promise<Reflector<Pod>> {
  const reflector = new Reflector(owned, {
    resource: PODS,
    backOff: { firstMs: 2, maxMs: 10 },
    onChange: ({ key, object, previous }) => {
      changes.push(`${object === undefined ? "gone" : previous === undefined ? "new" : "changed"} ${key}`);
    },
    onFailure: (error) => failures.push(error),
    ...init,
  });
  running = reflector.run(controller.signal);
  await reflector.synced();
  return reflector;
}

function put(name: string, extra: Record<string, unknown> = {}): void {
  api.store.put("v1/pods", { metadata: { name, namespace: "a", ...extra } });
}

function remove(name: string): void {
  api.store.remove({ resource: "v1/pods", namespace: "a", name });
}

const lists = (): number => api.log.filter((line) => !line.includes("watch=")).length;
const watches = (): readonly string[] => api.log.filter((line) => line.includes("watch="));

describe("a reflector", () => {
  it("lists, then follows each change", async () => {
    put("p");
    const reflector = await start();
    expect([...reflector.objects.keys()]).toEqual(["a/p"]);
    put("q");
    put("p");
    remove("q");
    await expect.poll(() => changes).toEqual(["new a/p", "new a/q", "changed a/p", "gone a/q"]);
    expect(reflector).toMatchObject({ isSynced: true, failure: undefined });
    expect(lists()).toBe(1);
  });

  it("goes on from where the watch ended, bookmarks counted", async () => {
    await start();
    await expect.poll(() => api.watches.count).toBe(1);
    api.store.put("v1/nodes", { metadata: { name: "elsewhere" } });
    api.watches.sendBookmarks();
    const { version } = api.store;
    await expect.poll(() => api.watches.count).toBe(1);
    api.watches.end();
    await expect.poll(() => watches().length).toBeGreaterThan(1);
    expect(watches().at(-1)).toContain(`resourceVersion=${version}`);
    put("p");
    await expect.poll(() => changes).toEqual(["new a/p"]);
    expect(lists()).toBe(1);
    expect(failures).toEqual([]);
  });

  it("lists again when its version is forgotten, and tells what it missed, deletions too", async () => {
    put("kept");
    put("lost");
    const reflector = await start();
    await expect.poll(() => api.watches.count).toBe(1);
    api.setFaults({ path: /watch=/, status: 503 });
    api.watches.end("broken");
    remove("lost");
    put("found");
    api.compact();
    await expect.poll(() => failures.length).toBeGreaterThan(0);
    api.setFaults();
    await expect.poll(() => [...reflector.objects.keys()]).toEqual(["a/kept", "a/found"]);
    expect(changes).toEqual(["new a/kept", "new a/lost", "gone a/lost", "new a/found"]);
    expect(failures.some(({ code }) => code === "ApiExpired")).toBe(true);
  });

  it("tells of an object that was made anew under its name as gone and new", async () => {
    put("p");
    await start();
    await expect.poll(() => api.watches.count).toBe(1);
    api.setFaults({ path: /watch=/, drop: true });
    api.watches.end("broken");
    remove("p");
    put("p");
    api.compact();
    await expect.poll(() => failures.length).toBeGreaterThan(0);
    api.setFaults();
    await expect.poll(() => changes).toEqual(["new a/p", "gone a/p", "new a/p"]);
  });

  it("ends a silent watch and begins another", async () => {
    await start();
    await expect.poll(() => watches().length).toBeGreaterThan(2);
    expect(failures[0]?.message).toContain("went silent");
    expect(lists()).toBe(1);
  });

  it("says why it may be out of date until it is up to date again", async () => {
    const reflector = await start();
    await expect.poll(() => api.watches.count).toBe(1);
    api.setFaults({ status: 403 });
    api.watches.end("broken");
    await expect.poll(() => reflector.failure?.code).toBe("ApiDenied");
    api.setFaults();
    await expect.poll(() => reflector.failure).toBe(undefined);
  });

  it("waits between failures, longer each time", async () => {
    api.setFaults({ status: 500 });
    const waiting = start({ backOff: { firstMs: 20, maxMs: 10_000 } });
    const startedAtMs = performance.now();
    await expect.poll(() => failures.length).toBe(5);
    // At least half of 20, 40, 80 and 160 ms.
    expect(performance.now() - startedAtMs).toBeGreaterThan(140);
    api.setFaults();
    await waiting;
  });

  it("does not begin a watch that ends at once again and again without a pause", async () => {
    await start({ backOff: { firstMs: 50, maxMs: 10_000 } });
    const startedAtMs = performance.now();
    const ending = setInterval(() => api.watches.end(), 1);
    await expect.poll(() => watches().length).toBeGreaterThanOrEqual(4);
    clearInterval(ending);
    // At least half of 50, 100 and 200 ms.
    expect(performance.now() - startedAtMs).toBeGreaterThan(170);
  });

  it("lists again from time to time, should news be lost, and tells nothing twice", async () => {
    put("p");
    await start({ relistAfterMs: 0 });
    await expect.poll(() => api.watches.count).toBe(1);
    api.watches.end();
    await expect.poll(lists).toBe(2);
    expect(changes).toEqual(["new a/p"]);
  });

  it("of a selection takes for gone what no longer fits it", async () => {
    put("p", { labels: { keep: "yes" } });
    put("other");
    await start({ selection: { labelSelector: "keep=yes" } });
    await expect.poll(() => api.watches.count).toBe(1);
    put("p");
    put("other", { labels: { keep: "yes" } });
    await expect.poll(() => changes).toEqual(["new a/p", "gone a/p", "new a/other"]);
  });

  it("keeps what it is told to keep, and takes what no longer fits for gone", async () => {
    put("p", { labels: { keep: "yes" } });
    const reflector = await start({
      selection: { namespace: "a" },
      trim: ({ metadata: { labels, ...metadata } }) => (labels?.["keep"] === "yes" ? { metadata } : undefined),
    });
    put("q");
    put("p");
    await expect.poll(() => changes).toEqual(["new a/p", "gone a/p"]);
    expect(reflector.objects.size).toBe(0);
  });
});
