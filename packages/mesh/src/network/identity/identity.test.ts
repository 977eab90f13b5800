import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { temporaryDirectory } from "@niphas/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePeerId } from "./peer-id.ts";
import { loadPrivateKey, PRIVATE_KEY_FILE } from "./private-key.ts";

const signal = new AbortController().signal;

describe("the node's key", () => {
  it("is made once, for its owner's eyes only, and stays", async () => {
    await using directory = temporaryDirectory("mesh-key");
    const state = directory.join("state", "mesh");
    const first = await loadPrivateKey(state, signal);
    expect((await loadPrivateKey(state, signal)).equals(first)).toBe(true);
    expect(statSync(`${state}/${PRIVATE_KEY_FILE}`).mode & 0o777).toBe(0o600);
    expect(readdirSync(state)).toEqual([PRIVATE_KEY_FILE]);
  });

  it("is one for all who make it at once", async () => {
    await using directory = temporaryDirectory("mesh-key");
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadPrivateKey(directory.path, signal)));
    expect(new Set(keys.map((key) => peerIdFromPrivateKey(key).toString())).size).toBe(1);
    expect(readdirSync(directory.path)).toEqual([PRIVATE_KEY_FILE]);
  });

  it("is never replaced when it cannot be read", async () => {
    await using directory = temporaryDirectory("mesh-key");
    const path = directory.join(PRIVATE_KEY_FILE);
    writeFileSync(path, "not a key");
    await expect(loadPrivateKey(directory.path, signal)).rejects.toMatchObject({ code: "InvalidConfiguration" });
    expect(readFileSync(path, "utf8")).toBe("not a key");
  });
});

describe("a peer id", () => {
  it("is read in both spellings as the same one", async () => {
    const peerId = peerIdFromPrivateKey(await generateKeyPair("Ed25519"));
    expect(parsePeerId(peerId.toCID().toString())).toBe(parsePeerId(peerId.toString()));
  });

  it("is of an ed25519 key", async () => {
    const other = peerIdFromPrivateKey(await generateKeyPair("secp256k1"));
    expect(() => parsePeerId(other.toString())).toThrow("ed25519");
  });

  it("is no other text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parsePeerId(text)).toThrow("ed25519");
      }),
    );
  });
});
