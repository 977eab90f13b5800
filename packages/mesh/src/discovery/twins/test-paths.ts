import { createHash } from "node:crypto";
import type { PathHash, PeerId } from "../../ports.ts";
import { type PathDigest, pathHashOf } from "../hashes/path-digest.ts";

/** The digest number `index` of a made-up store: evenly spread, as those of Nix are. */
export function testDigest(index: number): PathDigest {
  return createHash("sha1").update(String(index)).digest() as Uint8Array as PathDigest;
}

export function testPath(index: number): PathHash {
  return pathHashOf(testDigest(index));
}

export function testPaths(count: number, first: number = 0): PathHash[] {
  return Array.from({ length: count }, (_, index) => testPath(first + index));
}

export function testPeer(index: number): PeerId {
  return `peer-${index}` as PeerId;
}
