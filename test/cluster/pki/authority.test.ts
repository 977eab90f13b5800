import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { needs, temporaryDirectory } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { createPki } from "./authority.ts";

describe("createPki", () => {
  beforeEach((context) => needs(context, "openssl"));

  it("makes certificates that the authority has signed, with their keys", async () => {
    await using directory = temporaryDirectory("pki");
    const pki = await createPki(join(directory.path, "pki"), 1);
    const read = (file: string): Buffer => readFileSync(file);
    const authority = new X509Certificate(read(pki.authorityCertificate));
    const node = new X509Certificate(read(pki.certificate("node-1-server")));
    expect(node.verify(authority.publicKey)).toBe(true);
    expect(node.checkIssued(authority)).toBe(true);
    expect(node.checkPrivateKey(createPrivateKey(read(pki.key("node-1-server"))))).toBe(true);
    expect(node.checkIP("172.30.0.11")).toBe("172.30.0.11");
    expect(node.subject).toBe("O=system:nodes\nCN=system:node:node-1");
    expect([authority.ca, node.ca]).toEqual([true, false]);
  });

  it("makes a key for tokens", async () => {
    await using directory = temporaryDirectory("pki");
    const pki = await createPki(join(directory.path, "pki"), 0);
    const derived = createPublicKey(createPrivateKey(readFileSync(pki.tokenKey)));
    expect(derived.equals(createPublicKey(readFileSync(pki.tokenPublicKey)))).toBe(true);
  });
});
