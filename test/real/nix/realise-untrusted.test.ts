import { readFileSync } from "node:fs";
import { parseTrustedKey } from "@niphas/core";
import { signingKey } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { failureOf, never, nodeStore } from "./node-store.ts";

const NAR = /^\/nar\//;

describe("a closure without a trusted signature", () => {
  it("is untrusted when the key is not ours, and the message names path and keys", async () => {
    const other = parseTrustedKey(signingKey("other-1").publicKey);
    await using node = await nodeStore({ trustedKeys: [other] });
    const closure = await node.source.addClosure({ name: "app", pathCount: 2, fileCount: 2 });
    await node.publish(closure.root);
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: never }));
    expect(failure.code).toBe("UntrustedPath");
    expect(closure.paths.some((path) => failure.message.includes(path))).toBe(true);
    expect(failure.message).toContain("other-1");
    expect(node.database.newestId()).toBe(0);
  });

  it.each([
    ["carries no signature", (text: string) => text.replace(/^Sig: .*\n/m, "")],
    ["was signed with other references", (text: string) => text.replace(/^NarSize: .*/m, "NarSize: 1")],
  ])("is untrusted when its narinfo %s", async (_name, edit) => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 1 });
    await node.publish(closure.root);
    node.editNarInfo(closure.root, edit);
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: never }));
    expect(failure.code, failure.message).toBe("UntrustedPath");
  });
});

describe("a closure with wrong bytes", () => {
  it.each([
    ["is not a narinfo", () => "<html>please log in</html>"],
    ["has a malformed hash", (text: string) => text.replace(/^NarHash: .*/m, "NarHash: sha256:xx")],
  ])("has bad bytes when the answer %s", async (_name, edit) => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 1 });
    await node.publish(closure.root);
    node.editNarInfo(closure.root, edit);
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: never }));
    expect(failure.code, failure.message).toBe("BadBytes");
  });

  it.each([
    ["in a file", "none", -200],
    ["in the NAR's first word", "none", 10],
    ["in compressed data", "xz", 60],
    ["in the compressed header", "xz", 1],
  ] as const)("has bad bytes when one is wrong %s", async (_name, compression, offset) => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 1, fileSizeBytes: 9_000 });
    await node.publish(closure.root, compression);
    const sizeBytes = Number(/FileSize: (\d+)/.exec(narInfo(node.cacheDir, closure.root))?.[1]);
    node.cache.setFaults({ path: NAR, corruptByteAt: offset < 0 ? sizeBytes + offset : offset });
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: never }));
    expect(failure.code, failure.message).toBe("BadBytes");
    expect(node.database.validId(closure.root)).toBeUndefined();
    node.cache.setFaults();
    await node.realiser.realise([closure.root], { signal: never });
    expect(node.database.validId(closure.root)).toBeDefined();
  });
});

function narInfo(cacheDir: string, path: string): string {
  return readFileSync(`${cacheDir}/${path.slice(11, 43)}.narinfo`, "utf8");
}
