import { directory, file, waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { failureOf } from "../nix/node-store.ts";
import { cutOnce } from "./cut-once.ts";
import { type Compression, LARGE, substituterRig } from "./substituter-rig.ts";

const NAR = /^\/nar\//;
const NAR_INFO = /narinfo$/;

describe("Nix behind the substituter", () => {
  it.each<Compression>([
    "none",
    "zstd",
    "xz",
    "gzip",
  ])("gets a closure from a cache with compression %s", async (compression) => {
    await using test = await substituterRig({ compression });
    await test.realise();
    expect(test.pathCount()).toBe(6);
    await test.verify();
    expect(test.upstream.narRequestCount).toBe(6);
    expect(test.outcomes()).toEqual(["nar served", "narinfo served"]);
  });

  it("undoes by itself what the substituter cannot", async () => {
    await using test = await substituterRig({ compression: "bzip2" });
    await test.realise();
    await test.verify();
    expect(test.outcomes()).toEqual(["compressed served", "narinfo served"]);
  });

  it("gets a large NAR", async () => {
    await using test = await substituterRig({ compression: "zstd", closure: LARGE });
    await test.realise();
    await test.verify();
  });

  it("may copy from it, and ask what there is", async () => {
    await using test = await substituterRig();
    const target = test.directory.join("copied");
    const from = ["--from", `${test.substituter}?priority=1`];
    const { source, closure } = test;
    await source.nix([
      "copy",
      "--option",
      "trusted-public-keys",
      source.publicKey,
      ...from,
      "--to",
      target,
      closure.root,
    ]);
    const asked = await source.nix(["path-info", "--recursive", "--store", test.substituter, closure.root]);
    expect(asked.stdout.trim().split("\n").length).toBe(6);
  });

  it("is told the same by HEAD, and that nothing can be put there", async () => {
    await using test = await substituterRig();
    const url = `${test.substituter}/${test.closure.root.slice(11, 43)}.narinfo`;
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/x-nix-narinfo"]);
    expect((await fetch(url, { method: "PUT", body: "x" })).status).toBe(405);
    const path = await test.source.addTree(directory({ a: file("new") }), "new");
    const copy = test.source.nix(["copy", "--from", test.source.location.rootDir, "--to", test.substituter, path]);
    expect((await failureOf(copy)).message).toContain("405");
    expect(test.upstream.requests.every(({ method }) => method === "GET")).toBe(true);
  });
});

describe("a connection that is cut", () => {
  it("to Nix is made again, and the NAR goes on where it was", async () => {
    const starts: number[] = [];
    await using test = await substituterRig({ closure: LARGE, wrapNars: (nars) => cutOnce(nars, 5_000_000, starts) });
    await test.realise();
    await test.verify();
    expect(starts.length).toBe(2);
    expect(starts[0]).toBe(0);
    expect(starts[1]).toBeGreaterThan(0);
  });

  it("to upstream is made again at the byte where it was, and Nix sees nothing of it", async () => {
    await using test = await substituterRig({ closure: LARGE });
    test.upstream.setFaults({ path: NAR, truncateAtBytes: 7_000_000, times: 1 });
    await test.realise();
    await test.verify();
    const ranges = test.upstream.requests.filter(({ path }) => NAR.test(path)).map(({ headers }) => headers.range);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)]);
    expect(test.outcomes()).toEqual(["nar served", "narinfo served"]);
  });
});

describe("an upstream that fails", () => {
  it.each([
    ["freezes", { path: /^/, hang: true }],
    ["answers 500 to narinfos", { path: NAR_INFO, status: 500 }],
    ["drops connections", { path: /^/, drop: true }],
    ["freezes on NARs", { path: NAR, hang: true }],
    ["answers 503 to NARs", { path: NAR, status: 503 }],
    ["has lost its NARs", { path: NAR, status: 404 }],
    ["breaks off in every NAR", { path: NAR, truncateAtBytes: 100 }],
    ["falsifies every NAR", { path: NAR, corruptByteAt: 200 }],
  ])("is gone around by Nix: it %s", async (_name, fault) => {
    await using test = await substituterRig({ withSecondCache: true });
    test.upstream.setFaults(fault);
    await test.realise();
    expect(test.pathCount()).toBe(6);
    await test.verify();
    expect(test.second.narRequestCount).toBe(6);
  });

  it("never makes a narinfo an error or late", async () => {
    await using test = await substituterRig();
    const url = `${test.substituter}/${test.closure.root.slice(11, 43)}.narinfo`;
    test.upstream.setFaults({ path: NAR_INFO, hang: true });
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(url)));
    expect(new Set(answers.map((each) => each.status))).toEqual(new Set([404]));
    expect(test.upstream.requests.filter(({ path }) => NAR_INFO.test(path)).length).toBe(1);
    test.upstream.setFaults();
    await waitUntil("the upstream's pause to end", async () => (await fetch(url)).status === 200);
  });
});

describe("what must not reach Nix", () => {
  it("is a path that no trusted key has signed", async () => {
    await using test = await substituterRig();
    test.editNarInfo(test.closure.root, (text) => text.replace(/^Sig: .*\n/m, `Sig: evil-1:${"A".repeat(86)}==\n`));
    const failure = await failureOf(test.realise());
    expect(failure.code, failure.message).toBe("PathNotFound");
    expect(test.upstream.narRequestCount).toBe(0);
  });

  it.each([
    ["nonsense", () => "nonsense"],
    ["endless", (text: string) => text + "x".repeat(4_000_000)],
    [
      "another path's",
      (text: string) => text.replace(/^StorePath: \/nix\/store\/.{32}/m, `StorePath: /nix/store/${"1".repeat(32)}`),
    ],
    ["one with another hash", (text: string) => text.replace(/^NarHash: .*/m, `NarHash: sha256:${"0".repeat(52)}`)],
    ["one that leads out of the cache", (text: string) => text.replace(/^URL: .*/m, "URL: file:///etc/passwd")],
  ])("is a narinfo that is %s", async (_name, edit) => {
    await using test = await substituterRig();
    test.editNarInfo(test.closure.root, edit);
    const failure = await failureOf(test.realise());
    expect(["PathNotFound", "SubstituterUnavailable"]).toContain(failure.code);
    expect(test.node.database.validId(test.closure.root)).toBeUndefined();
  });

  it("is a byte of a small NAR that is not the signed one", async () => {
    await using test = await substituterRig({ closure: { pathCount: 1 } });
    test.upstream.setFaults({ path: NAR, corruptByteAt: 1000 });
    expect((await failureOf(test.realise())).code).toBe("SubstituterUnavailable");
    expect(test.node.database.validId(test.closure.root)).toBeUndefined();
    expect(test.outcomes()).toEqual(["nar corrupt", "narinfo served"]);
  });

  it("is the end of a large NAR that is not the signed one; its rest is not found afterwards", async () => {
    await using test = await substituterRig({ closure: LARGE });
    test.upstream.setFaults({ path: NAR, corruptByteAt: 1000 });
    expect((await failureOf(test.realise())).code).toBe("SubstituterUnavailable");
    expect(test.node.database.validId(test.closure.root)).toBeUndefined();
    expect(test.outcomes()).toEqual(["nar absent", "nar corrupt", "nar served", "narinfo served"]);
  });
});
