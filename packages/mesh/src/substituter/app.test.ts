import { parseNarInfo } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { parsePathHash } from "../upstream/path-hash.ts";
import { createSubstituterApp, type SubstituterInit } from "./app.ts";
import { MemorySources } from "./memory-sources.test-twin.ts";
import { formatNarUrl } from "./nar-url.ts";
import type { SubstituterEvent } from "./ports.ts";

const HASH = parsePathHash("0123456789abcdfghijklmnpqrsvwxyz") ?? expect.fail("no hash");
const OTHER = "1".repeat(32);
const BYTES = Buffer.from(Array.from({ length: 12_345 }, (_, index) => (index * 7) & 0xff));

function rig(init: SubstituterInit = { budgets: { unknownMs: 20, pendingMs: 60 } }) {
  const sources = new MemorySources();
  const events: SubstituterEvent[] = [];
  const observe = (event: SubstituterEvent) => void events.push(event);
  const app = createSubstituterApp({ narInfos: sources, nars: sources, sideFiles: sources, observe }, init);
  const get = async (path: string, headers: Record<string, string> = {}, method = "GET") =>
    app.request(path, { headers, method });
  return { sources, get, outcomes: () => events.map((event) => `${event.request} ${event.outcome}`) };
}

const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe("nix-cache-info", () => {
  it("names store directory and priority", async () => {
    const response = await rig({ priority: 7 }).get("/nix-cache-info");
    expect(response.headers.get("content-type")).toBe("text/x-nix-cache-info");
    expect(await response.text()).toBe("StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 7\n");
  });
});

describe("a narinfo", () => {
  it("is what is known, with our own URL of the raw NAR", async () => {
    const test = rig();
    const info = test.sources.add(BYTES, { url: "https://user:canary@peer/x" });
    const response = await test.get(`/${HASH}.narinfo`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/x-nix-narinfo");
    expect(parseNarInfo(await response.text())).toEqual({ ...info, url: formatNarUrl(info) });
    expect(test.outcomes()).toEqual(["narinfo served"]);
  });

  it("by HEAD has no body", async () => {
    const test = rig();
    test.sources.add(BYTES);
    const response = await test.get(`/${HASH}.narinfo`, {}, "HEAD");
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect((await test.get(`/${OTHER}.narinfo`, {}, "HEAD")).status).toBe(404);
  });

  it.each([
    "hang",
    "throw",
    "throw at once",
  ] as const)("is not found in time when its source does this: %s", async (fault) => {
    const test = rig();
    test.sources.fault = fault;
    const started = performance.now();
    expect((await test.get(`/${HASH}.narinfo`)).status).toBe(404);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(test.outcomes()).toEqual([fault === "hang" ? "narinfo late" : "narinfo absent"]);
  });

  it("is waited for longer when somebody is finding it out", async () => {
    const test = rig({ budgets: { unknownMs: 1, pendingMs: 30_000 } });
    const info = test.sources.add(BYTES);
    test.sources.pending.add(HASH);
    const { promise, resolve } = Promise.withResolvers<typeof info>();
    test.sources.resolve = () => promise;
    setTimeout(() => resolve(info), 60);
    expect((await test.get(`/${HASH}.narinfo`)).status).toBe(200);
  });

  it("keeps a compression that is passed through", async () => {
    const test = rig();
    test.sources.add(BYTES, { compression: "xz", fileSizeBytes: 10 });
    const info = parseNarInfo(await (await test.get(`/${HASH}.narinfo`)).text());
    expect(info).toMatchObject({ compression: "xz", fileSizeBytes: 10, url: expect.stringMatching(/\.nar\.xz$/) });
  });

  it.each([
    `/${HASH.slice(1)}.narinfo`,
    `/${"e".repeat(32)}.narinfo`,
    "/x.narinfo",
    "/",
    `/a/${HASH}.narinfo`,
    "/realisations/sha256:a!out.doi",
    "/%ff.narinfo",
  ])("that nobody can mean is not found: %s", async (path) => expect((await rig().get(path)).status).toBe(404));
});

describe("a NAR", () => {
  it("comes whole with its length, and may be asked for in parts", async () => {
    const test = rig();
    const url = `/${formatNarUrl(test.sources.add(BYTES))}`;
    const whole = await test.get(url);
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      "content-length": "12345",
      "accept-ranges": "bytes",
      "content-type": "application/x-nix-nar",
    });
    expect(whole.headers.get("content-encoding")).toBeNull();
    expect((await bytesOf(whole)).equals(BYTES)).toBe(true);
    const part = await test.get(url, { range: "bytes=12000-" });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 12000-12344/12345"]);
    expect((await bytesOf(part)).equals(BYTES.subarray(12_000))).toBe(true);
    const beyond = await test.get(url, { range: "bytes=12345-" });
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, "bytes */12345"]);
    expect(test.sources.openBodies).toBe(0);
  });

  it("by HEAD has its length and no body", async () => {
    const test = rig();
    const url = `/${formatNarUrl(test.sources.add(BYTES))}`;
    const response = await test.get(url, {}, "HEAD");
    expect([response.status, response.headers.get("content-length"), await response.text()]).toEqual([
      200,
      "12345",
      "",
    ]);
  });

  it("is not found under a hash that it does not have, or when it has gone", async () => {
    const test = rig();
    const info = test.sources.add(BYTES);
    const other = formatNarUrl({ ...info, narHash: test.sources.add(Buffer.from("x")).narHash });
    test.sources.add(BYTES);
    expect((await test.get(`/${other}`)).status).toBe(404);
    test.sources.files.clear();
    expect((await test.get(`/${formatNarUrl(info)}`)).status).toBe(404);
    expect((await test.get("/nar/x.nar")).status).toBe(404);
    expect(test.outcomes()).toEqual(["nar absent", "nar broken"]);
  });

  it("that is small and wrong gives no byte", async () => {
    const test = rig();
    const good = BYTES.subarray(0, 4_000);
    const url = `/${formatNarUrl(test.sources.add(good, {}, Buffer.from(good).fill(1, 7, 8)))}`;
    expect((await test.get(url)).status).toBe(404);
    expect(test.outcomes()).toEqual(["nar corrupt"]);
  });

  it("that turns out wrong breaks off before its end, and its rest is not to be had", async () => {
    const test = rig();
    const info = test.sources.add(BYTES, {}, Buffer.from(BYTES).fill(1, 7, 8));
    const url = `/${formatNarUrl(info)}`;
    const response = await test.get(url);
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect((await test.get(url, { range: "bytes=10000-" })).status).toBe(404);
    expect(test.outcomes()).toEqual(["nar served", "nar corrupt", "nar absent"]);
    test.sources.add(BYTES);
    expect((await bytesOf(await test.get(url))).equals(BYTES)).toBe(true);
  });

  it("that breaks off breaks off, and its rest may be asked for", async () => {
    const test = rig();
    const url = `/${formatNarUrl(test.sources.add(BYTES))}`;
    test.sources.breakAt = 8_000;
    await expect((await test.get(url)).arrayBuffer()).rejects.toThrow();
    test.sources.breakAt = undefined;
    expect((await bytesOf(await test.get(url, { range: "bytes=6000-" }))).equals(BYTES.subarray(6_000))).toBe(true);
    expect(test.outcomes()).toEqual(["nar served", "nar broken", "nar served"]);
  });

  it("that nobody reads on is closed", async () => {
    const test = rig();
    const response = await test.get(`/${formatNarUrl(test.sources.add(BYTES))}`);
    expect(test.sources.openBodies).toBe(1);
    await response.body?.cancel();
    expect(test.sources.openBodies).toBe(0);
  });
});

describe("a compressed NAR", () => {
  it("is passed through for the URLs that were handed out for it", async () => {
    const test = rig();
    const info = test.sources.add(BYTES);
    test.sources.files.set(`${HASH}.xz`, Buffer.from("compressed"));
    const url = `/${formatNarUrl({ ...info, compression: "xz" })}`;
    const whole = await test.get(url);
    expect([whole.status, whole.headers.get("content-length"), await whole.text()]).toEqual([200, "10", "compressed"]);
    const part = await test.get(url, { range: "bytes=3-" });
    expect([part.status, part.headers.get("content-range"), await part.text()]).toEqual([
      206,
      "bytes 3-9/10",
      "pressed",
    ]);
    expect((await test.get(`/${formatNarUrl({ ...info, compression: "zstd" })}`)).status).toBe(404);
  });
});

describe("everything else", () => {
  it("is a listing or a log, or not found", async () => {
    const test = rig();
    test.sources.files.set(`${HASH}.ls`, Buffer.from("{}"));
    test.sources.files.set(`${HASH}-a.drv`, Buffer.from("built"));
    expect(await (await test.get(`/${HASH}.ls`)).text()).toBe("{}");
    expect(await (await test.get(`/log/${HASH}-a.drv`)).text()).toBe("built");
    for (const path of [`/${OTHER}.ls`, `/log/${OTHER}-a.drv`, "/log/..%2f..%2fpasswd", "/log/x"]) {
      expect((await test.get(path)).status).toBe(404);
    }
  });

  it("is read-only", async () => {
    for (const method of ["PUT", "POST", "DELETE", "PATCH"]) {
      const response = await rig().get(`/${HASH}.narinfo`, {}, method);
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    }
  });
});
