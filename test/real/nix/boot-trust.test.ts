import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import type { StorePath } from "@niphas/core";
import { type BootTrust, createBootTrust, physicalPath } from "@niphas/nix";
import { waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { failureOf, never, nodeStore } from "./node-store.ts";

/** A sync of the machine's own disk would wait for whatever else is written there. */
const IN_MEMORY = { sizeBytes: 64 * 2 ** 20, inodeCount: 10_000 };

async function bootedStore() {
  const node = await nodeStore({}, IN_MEMORY);
  const recordFile = node.directory.join("boot.json");
  const closure = await node.source.addClosure({ name: "app", pathCount: 4, fileCount: 12 });
  await node.publish(closure.root);
  const boot = (bootId: string): BootTrust => createBootTrust(node, { recordFile, bootId });
  const record = (): { readonly bootId: string; readonly syncedThroughId: number } =>
    existsSync(recordFile) ? JSON.parse(readFileSync(recordFile, "utf8")) : { bootId: "", syncedThroughId: -1 };
  const fetch = () => node.realiser.realise([closure.root], { signal: never });
  /** Cuts a file short, as a power cut may. */
  const tear = (path: StorePath): void =>
    truncateSync(`${physicalPath(node.settings.store, path)}/nix-support/references`, 3);
  return { ...node, closure, recordFile, boot, record, fetch, tear };
}

type BootedStore = Awaited<ReturnType<typeof bootedStore>>;

/** One whole life of the plugin in the boot `bootId`, in which the closure is fetched and synced. */
async function fetchAndSync(test: BootedStore, bootId: string): Promise<void> {
  const trust = test.boot(bootId);
  await trust.verify(never);
  await test.fetch();
  trust.noteRealised();
  await waitUntil("the record", () => test.record().syncedThroughId === test.database.newestId());
  await trust.stop();
}

function distrust(trust: BootTrust, root: StorePath) {
  return failureOf((async () => trust.assertNotDistrusted([root]))());
}

describe("after a restart of the plugin alone", () => {
  it("nothing is verified", async () => {
    await using test = await bootedStore();
    await fetchAndSync(test, "boot-1");
    const trust = test.boot("boot-1");
    expect(trust.distrustedCount).toBe(0);
    trust.assertNotDistrusted([test.closure.root]);
    expect(await trust.verify(never)).toEqual({ isOtherBoot: false, verifiedCount: 0, repaired: [], distrusted: [] });
    await trust.stop();
  });
});

describe("after a boot", () => {
  it("what was synced is not verified", async () => {
    await using test = await bootedStore();
    await fetchAndSync(test, "boot-1");
    const trust = test.boot("boot-2");
    trust.assertNotDistrusted([test.closure.root]);
    expect(await trust.verify(never)).toMatchObject({ isOtherBoot: true, verifiedCount: 0 });
    await trust.stop();
  });

  it("what was not synced is distrusted at once and trusted when it was verified", async () => {
    await using test = await bootedStore();
    await test.fetch();
    const trust = test.boot("boot-2");
    expect(trust.distrustedCount).toBe(4);
    expect((await distrust(trust, test.closure.root)).code).toBe("PathDistrusted");
    expect(await trust.verify(never)).toEqual({ isOtherBoot: true, verifiedCount: 4, repaired: [], distrusted: [] });
    trust.assertNotDistrusted([test.closure.root]);
    await waitUntil("the record", () => test.record().bootId === "boot-2");
    await trust.stop();
  });
});

describe("damage after a boot", () => {
  it("is repaired from a cache", async () => {
    await using test = await bootedStore();
    await test.fetch();
    const [, torn = test.closure.root, gone = test.closure.root] = test.closure.paths;
    test.tear(torn);
    rmSync(physicalPath(test.settings.store, gone), { recursive: true });
    const trust = test.boot("boot-2");
    const report = await trust.verify(never);
    expect([...report.repaired].sort()).toEqual([torn, gone].sort());
    expect(report.distrusted).toEqual([]);
    trust.assertNotDistrusted([test.closure.root]);
    await trust.stop();
    const check = await test.nix.run("nix-store", {
      args: ["--verify-path", torn, gone],
      signal: never,
      timeoutMs: 60_000,
    });
    expect(check.exitCode).toBe(0);
  });

  it("that cannot be repaired stays distrusted by name, also in the next boot, until a cache has it", async () => {
    await using test = await bootedStore();
    await test.fetch();
    const torn = test.closure.paths[1] ?? test.closure.root;
    test.tear(torn);
    test.cache.setFaults({ path: /^/, status: 404 });
    const trust = test.boot("boot-2");
    expect((await trust.verify(never)).distrusted).toEqual([torn]);
    const failure = await distrust(trust, test.closure.root);
    expect(failure.code).toBe("PathDistrusted");
    expect(failure.message).toContain(torn);
    await waitUntil("the record", () => test.record().bootId === "boot-2");
    await trust.stop();
    test.cache.setFaults();
    const next = test.boot("boot-2");
    expect((await distrust(next, test.closure.root)).code).toBe("PathDistrusted");
    expect((await next.verify(never)).repaired).toEqual([torn]);
    next.assertNotDistrusted([test.closure.root]);
    await next.stop();
  });
});

describe("doubt after a boot", () => {
  it("is complete when the record itself was torn", async () => {
    await using test = await bootedStore();
    await fetchAndSync(test, "boot-1");
    writeFileSync(test.recordFile, '{"bootId":"boot-2","sync');
    const trust = test.boot("boot-2");
    expect(trust.distrustedCount).toBe(4);
    await trust.stop();
  });

  it("outlives a verification that was cut off", async () => {
    await using test = await bootedStore();
    await test.fetch();
    const trust = test.boot("boot-2");
    expect((await failureOf(trust.verify(AbortSignal.abort()))).code).toBe("Cancelled");
    trust.noteRealised();
    await trust.stop();
    const next = test.boot("boot-2");
    expect(next.distrustedCount).toBe(4);
    await next.stop();
  });
});
