import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseNarHash } from "./hash.ts";
import { parseTrustedKey, pathFingerprint, type TrustedKey } from "./signature.ts";
import { hasTrustedSignature, type SignedPathInfo, trustedSignatures } from "./signature-check.ts";
import { parseStorePath } from "./store-path.ts";

const PATH: SignedPathInfo = {
  path: parseStorePath(`/nix/store/${"a".repeat(32)}-app`),
  narHash: parseNarHash(`sha256:${"0".repeat(64)}`),
  narSizeBytes: 120,
  references: [parseStorePath(`/nix/store/${"b".repeat(32)}-lib`)],
  signatures: [],
};

function keyPair(name: string) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const bytes = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const signer = (info: SignedPathInfo): string =>
    `${name}:${sign(null, Buffer.from(pathFingerprint(info)), privateKey).toString("base64")}`;
  return { trusted: parseTrustedKey(`${name}:${bytes.toString("base64")}`), signer };
}

function keys(...trusted: readonly TrustedKey[]): ReadonlyMap<string, TrustedKey> {
  return new Map(trusted.map((key) => [key.name, key]));
}

describe("hasTrustedSignature", () => {
  const ours = keyPair("ours-1");
  const theirs = keyPair("theirs-1");

  it("accepts a good signature among foreign and malformed ones", async () => {
    const signatures = ["garbage", ":", "ours-1:AAAA", theirs.signer(PATH), ours.signer(PATH)];
    expect(await hasTrustedSignature({ ...PATH, signatures }, keys(ours.trusted))).toBe(true);
  });

  it("refuses no signature, another key, and another key under our name", async () => {
    const impostor = keyPair("ours-1");
    for (const signatures of [[], [theirs.signer(PATH)], [impostor.signer(PATH)]]) {
      expect(await hasTrustedSignature({ ...PATH, signatures }, keys(ours.trusted))).toBe(false);
    }
  });

  it.each<[string, Partial<SignedPathInfo>]>([
    ["path", { path: parseStorePath(`/nix/store/${"c".repeat(32)}-app`) }],
    ["hash", { narHash: parseNarHash(`sha256:${"1".repeat(64)}`) }],
    ["size", { narSizeBytes: 121 }],
    ["references", { references: [] }],
  ])("refuses a signature over another %s", async (_name, change) => {
    const signed = { ...PATH, ...change, signatures: [ours.signer(PATH)] };
    expect(await hasTrustedSignature(signed, keys(ours.trusted))).toBe(false);
  });
});

describe("trustedSignatures", () => {
  it("are those that are good and by trusted keys, each once, whatever stands beside them", async () => {
    const [ours, second, theirs] = [keyPair("ours-1"), keyPair("ours-2"), keyPair("theirs-1")];
    const good = [ours.signer(PATH), second.signer(PATH)];
    const bad = ["garbage", "ours-1:AAAA", keyPair("ours-1").signer(PATH), theirs.signer(PATH)];
    const signatures = [...bad, ...good, ...bad, ...good];
    const trusted = keys(ours.trusted, second.trusted);
    expect(await trustedSignatures({ ...PATH, signatures }, trusted)).toEqual(good);
    expect(await trustedSignatures({ ...PATH, signatures: bad }, trusted)).toEqual([]);
  });
});
