import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { waitUntil } from "../processes/wait-until.ts";
import { temporaryDirectory } from "../resources/temporary-directory.ts";
import { BinaryCacheServer } from "./binary-cache-server.ts";

async function rig() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory("cache-test"));
  mkdirSync(directory.join("nar"));
  writeFileSync(directory.join("nar/a.nar"), "0123456789");
  const cache = stack.use(await BinaryCacheServer.start(directory.path));
  const file = directory.join("nar/a.nar");
  return { cache, file, url: `${cache.url}/nar/a.nar`, [Symbol.asyncDispose]: async () => stack.disposeAsync() };
}

describe("BinaryCacheServer", () => {
  it("serves files, answers 404 for others and counts NARs", async () => {
    await using test = await rig();
    expect(await (await fetch(test.url)).text()).toBe("0123456789");
    expect((await fetch(`${test.cache.url}/none.narinfo`)).status).toBe(404);
    expect(test.cache.narRequestCount).toBe(1);
    expect(test.cache.sentBytes).toBe(10);
  });

  it("serves the rest of a file from any byte on", async () => {
    await using test = await rig();
    const part = await fetch(test.url, { headers: { range: "bytes=7-" } });
    expect([part.status, part.headers.get("content-range"), await part.text()]).toEqual([206, "bytes 7-9/10", "789"]);
  });

  it("stays inside its directory", async () => {
    await using test = await rig();
    expect((await fetch(`${test.cache.url}/..%2f..%2f..%2fetc/passwd`)).status).toBe(404);
  });

  it("answers with a status for as many requests as it was told", async () => {
    await using test = await rig();
    test.cache.setFaults({ path: /a\.nar$/, status: 503, times: 1 });
    expect((await fetch(test.url)).status).toBe(503);
    expect((await fetch(test.url)).status).toBe(200);
  });

  it("corrupts one byte and keeps the length", async () => {
    await using test = await rig();
    test.cache.setFaults({ path: /nar/, corruptByteAt: 3 });
    const bytes = Buffer.from(await (await fetch(test.url)).arrayBuffer());
    expect(bytes.length).toBe(10);
    expect(bytes[3]).toBe("3".charCodeAt(0) ^ 0xff);
  });

  it("breaks off in the middle of a body", async () => {
    await using test = await rig();
    test.cache.setFaults({ path: /nar/, truncateAtBytes: 4 });
    await expect(fetch(test.url).then((response) => response.text())).rejects.toThrow();
  });

  it("lets what it has slowed down flow when the faults are taken away", async () => {
    await using test = await rig();
    writeFileSync(test.file, Buffer.alloc(100_000));
    const slow = { path: /nar/, bytesPerSecond: 20 };
    test.cache.setFaults(slow);
    const begun = await fetch(test.url);
    test.cache.setFaults({ ...slow, delayMs: 10 });
    const asked = fetch(test.url);
    await waitUntil("the request", () => test.cache.narRequestCount === 2);
    expect(test.cache.openRequestCount).toBe(2);
    test.cache.setFaults();
    expect((await begun.bytes()).length + (await (await asked).bytes()).length).toBe(200_000);
    await waitUntil("the request to end", () => test.cache.openRequestCount === 0);
  });

  it("drops and hangs until it is disposed of", async () => {
    await using test = await rig();
    test.cache.setFaults({ path: /nar/, drop: true, times: 1 }, { path: /nar/, hang: true });
    await expect(fetch(test.url)).rejects.toThrow();
    await expect(fetch(test.url, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  });
});
