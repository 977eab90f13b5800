import { createHash } from "node:crypto";
import { encodeNix32, parseNarHash, parseStorePath, storePathHash } from "@niphas/core";
import type { PathHash, PeerPathInfo } from "../../ports.ts";

/** Something that a peer could tell of a path; the same for the same number. */
export function somePathInfo(number: number, overrides: Partial<PeerPathInfo> = {}): PeerPathInfo {
  const digest = createHash("sha256").update(`path ${number}`).digest();
  const path = parseStorePath(`/nix/store/${encodeNix32(digest.subarray(0, 20))}-package-${number}`);
  return {
    path,
    narHash: parseNarHash(`sha256:${digest.toString("hex")}`),
    narSizeBytes: 1000 + number,
    references: [path],
    deriver: undefined,
    signatures: [`key-1:${Buffer.alloc(64, number).toString("base64")}`],
    contentAddress: undefined,
    ...overrides,
  };
}

export function somePathHash(number: number): PathHash {
  return storePathHash(somePathInfo(number).path) as PathHash;
}
