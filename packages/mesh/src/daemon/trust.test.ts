import { generateKeyPairSync, sign } from "node:crypto";
import { type NarInfo, parseNarHash, parseStorePath, parseTrustedKey, pathFingerprint } from "@niphas/core";
import { expect, it } from "vitest";
import type { PeerPathInfo } from "../ports.ts";
import { trustBy } from "./trust.ts";

/** What Nix 2.8 keeps of a directory that `nix-store --add` has added. */
const HASH = parseNarHash("sha256:1jis19x64zcd8vyhsx5i6zz204xk6lskvs0a64a18gxazyap7f32");
const ADDED: NarInfo = {
  path: parseStorePath("/nix/store/5ycan995zs3vp29312xci1qgqx4clcd8-src"),
  url: "",
  compression: "none",
  fileHash: undefined,
  fileSizeBytes: undefined,
  narHash: HASH,
  narSizeBytes: 1,
  references: [],
  deriver: undefined,
  signatures: [],
  contentAddress: `fixed:r:${HASH}`,
};

it("an unsigned path is trusted when its name proves the hash of its NAR", async () => {
  expect(await trustBy([]).isTrusted(ADDED)).toBe(true);
});

it.each<[string, Partial<NarInfo>]>([
  ["another hash", { narHash: parseNarHash(`sha256:${"0".repeat(52)}`) }],
  ["a reference more", { references: [parseStorePath(`/nix/store/${"0".repeat(32)}-other`)] }],
  ["a reference to itself", { references: [ADDED.path] }],
  ["another path", { path: parseStorePath("/nix/store/5ycan995zs3vp29312xci1qgqx4clcd9-src") }],
  ["no content address", { contentAddress: undefined }],
  ["no bytes", { narSizeBytes: 0 }],
  ["a content address of another kind", { contentAddress: `text:${HASH}` }],
])("an unsigned path is not trusted with %s", async (_what, change) => {
  expect(await trustBy([]).isTrusted({ ...ADDED, ...change })).toBe(false);
});

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const KEY = parseTrustedKey(
  `k-1:${publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64")}`,
);
const PATH = { ...ADDED, path: parseStorePath(`/nix/store/${"a".repeat(32)}-app`), contentAddress: undefined };

function signed(info: PeerPathInfo): PeerPathInfo {
  return {
    ...info,
    signatures: [`k-1:${sign(null, Buffer.from(pathFingerprint(info)), privateKey).toString("base64")}`],
  };
}

it.each<[string, Partial<PeerPathInfo>]>([
  ["a deriver", { deriver: "x" }],
  ["a content address that is none", { contentAddress: "nonsense" }],
  ["a content address that is not the path's", { contentAddress: `fixed:r:${HASH}` }],
  ["a broken signature by the trusted key", { signatures: ["k-1:AAAA", ...signed(PATH).signatures] }],
  ["a signature that nobody can check", { signatures: [...signed(PATH).signatures, "evil-1:AAAA"] }],
])("of a signed path nothing is used that is not proven: not %s", async (_what, change) => {
  expect(await trustBy([KEY]).proven({ ...signed(PATH), ...change })).toEqual(signed(PATH));
});

it("of a path that proves its hash the content address stays, signed or not", async () => {
  expect(await trustBy([KEY]).proven({ ...ADDED, signatures: ["k-1:AAAA"] })).toEqual(ADDED);
  expect(await trustBy([KEY]).proven(signed(ADDED))).toEqual(signed(ADDED));
});

it("of a path that nobody has signed nothing is used", async () => {
  expect(await trustBy([KEY]).proven(PATH)).toBeUndefined();
});
