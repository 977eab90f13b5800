import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdCompress } from "node:zlib";
import type { StorePath } from "@niphas/core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { failureOf } from "../nix/node-store.ts";
import type { ClosureConductName } from "./evil/closure-conducts.ts";
import { expectSmall, type FaultRig, faultRig, hashOf } from "./fault-rig.ts";

const MIB = 2 ** 20;
const FORGERIES: readonly (readonly [string, string, ClosureConductName])[] = [
  ["M04", "without a signature", "unsigned"],
  ["M04", "signed by a key that nobody trusts", "foreignKey"],
  ["M04", "with the right key's signature of another path", "otherSignature"],
  ["M04", "of another path than it was asked for", "otherPath"],
  ["M04", "with another NAR's hash", "otherHash"],
  ["M06", "without references", "withoutReferences"],
  ["M06", "with more references", "withMoreReferences"],
];
const UNSIGNED_FIELDS: readonly (readonly [string, ClosureConductName])[] = [
  ["a deriver that is none", "falseDeriver"],
  ["a content address that is none", "noContentAddress"],
  ["a content address that is not the path's", "falseContentAddress"],
  ["signatures that nobody can check", "brokenSignature"],
];
const EVIL_URLS = ["absolute", "outside", "injected", "giant", "unknownCompression", "bomb"] as const;

const resources = new AsyncDisposableStack();
let rig: FaultRig;

beforeAll(async () => {
  const forgeries = FORGERIES.flatMap(([, , closure]) => [
    [closure, { closure }] as const,
    [`${closure}-alone`, { closure }] as const,
  ]);
  rig = resources.use(
    await faultRig({
      peers: {
        ...Object.fromEntries(forgeries),
        ...Object.fromEntries(UNSIGNED_FIELDS.map(([, closure]) => [closure, { closure }])),
        replayed: { closure: "replayed" },
        rootAlone: { closure: "rootAlone" },
      },
      closures: Object.fromEntries(EVIL_URLS.map((name) => [name, { pathCount: 1 }])),
    }),
  );
});
afterAll(() => resources[Symbol.asyncDispose]());

afterEach(() => rig.upstream.setFaults());

describe("a member that tells a narinfo", () => {
  it.each(FORGERIES)("%s: %s, is not believed, and the closure comes all the same", async (_id, _what, conduct) => {
    await rig.known(conduct);
    await rig.node().realise(rig.closure(conduct).root);
    await rig.expectWhole(conduct);
    expect(rig.evil.askedCount(conduct)).toBeGreaterThan(0);
  });

  it.each(FORGERIES)("%s: %s, is not believed either when nobody else has one", async (...row) => {
    const name = `${row[2]}-alone`;
    rig.onlyPeersHave(name);
    await rig.known(name);
    const failure = await failureOf(rig.node().realise(rig.closure(name).root));
    expect(failure.code, failure.message).toBe("PathNotFound");
    rig.expectAbsent(name);
    expect(rig.evil.askedCount(name)).toBeGreaterThan(0);
  });

  it("M04: that the key has signed long ago, of other bytes, cannot keep the pod from starting", async () => {
    await rig.known("replayed");
    await rig.startPod("replayed");
    await rig.expectWhole("replayed");
    expect(rig.evil.askedCount("replayed")).toBeGreaterThan(0);
  });

  it.each(UNSIGNED_FIELDS)("M05: with %s beside the true signature, is told to Nix without it", async (_, conduct) => {
    rig.onlyPeersHave(conduct);
    await rig.known(conduct);
    await rig.node().realise(rig.closure(conduct).root);
    await rig.expectWhole(conduct);
    await rig.expectSigned(conduct);
    expect(rig.evil.askedCount(conduct)).toBeGreaterThan(0);
  });

  it("M06: of the root alone, does not make a closure of it", async () => {
    await rig.known("rootAlone");
    await rig.node().realise(rig.closure("rootAlone").root);
    await rig.expectWhole("rootAlone");
  });
});

describe("upstream", () => {
  it.each<[string, (typeof EVIL_URLS)[number], (text: string) => string]>([
    ["names a file of this machine", "absolute", (text) => text.replace(/^URL: .*/m, "URL: file:///etc/passwd")],
    ["leads out of the cache", "outside", (text) => text.replace(/^URL: /m, "URL: ../../../../../../etc/")],
    ["injects a header", "injected", (text) => text.replace(/^URL: /m, "URL: nar/x HTTP/1.1\r\nHost: evil\r\n")],
    ["has a line of 10 MiB", "giant", (text) => `Deriver: ${"x".repeat(10 * MIB)}\n${text}`],
    ["names a compression that nobody knows", "unknownCompression", (text) => text.replace("none", "rot13")],
  ])("M05: whose narinfo %s, is not followed", async (_what, name, edit) => {
    const { root } = rig.closure(name);
    editNarInfo(root, edit);
    const failure = await failureOf(rig.node().realise(root));
    expect(["PathNotFound", "SubstituterUnavailable", "BadBytes"], failure.message).toContain(failure.code);
    rig.expectAbsent(name);
  });

  it("M03: whose NAR unpacks to a gigabyte, is cut at the signed size", async () => {
    const { root } = rig.closure("bomb");
    const zeros = Readable.from(Array.from<Buffer>({ length: 1024 }).fill(Buffer.alloc(MIB)));
    await pipeline(zeros, createZstdCompress(), createWriteStream(`${rig.cacheDir}/nar/bomb.nar.zst`));
    editNarInfo(root, (text) => text.replace(/^URL: .*/m, "URL: nar/bomb.nar.zst").replace("none", "zstd"));
    const failure = await failureOf(rig.node().realise(root));
    expect(failure.code, failure.message).toBe("SubstituterUnavailable");
    expect(rig.upstream.requests.some(({ path }) => path === "/nar/bomb.nar.zst")).toBe(true);
    rig.expectAbsent("bomb");
  });

  it("M03 M05: has not made the daemon large", () => {
    expectSmall(rig.node());
  });
});

function editNarInfo(path: StorePath, edit: (text: string) => string): void {
  const file = `${rig.cacheDir}/${hashOf(path)}.narinfo`;
  writeFileSync(file, edit(readFileSync(file, "utf8")));
}
