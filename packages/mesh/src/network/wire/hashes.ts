import { decodeNix32, encodeNix32, type NarHash, NiphasError, narHashBytes, parseNarHash } from "@niphas/core";
import type { PathHash } from "../../ports.ts";

/** Of a store path's hash part. */
export const PATH_HASH_BYTES = 20;
export const NAR_HASH_BYTES = 32;

export function encodePathHash(hash: PathHash): Uint8Array {
  return decodeNix32(hash, PATH_HASH_BYTES);
}

/** @throws NiphasError BadBytes */
export function parsePathHash(bytes: Uint8Array): PathHash {
  if (bytes.byteLength !== PATH_HASH_BYTES) throw new NiphasError("BadBytes", "a peer sent part of a hash");
  return encodeNix32(bytes) as PathHash;
}

export function encodePathHashes(hashes: readonly PathHash[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * PATH_HASH_BYTES);
  for (const [index, hash] of hashes.entries()) bytes.set(encodePathHash(hash), index * PATH_HASH_BYTES);
  return bytes;
}

/** @throws NiphasError BadBytes when there are more than `maxCount`, or part of one */
export function parsePathHashes(bytes: Uint8Array, maxCount: number): PathHash[] {
  if (bytes.byteLength > maxCount * PATH_HASH_BYTES) throw new NiphasError("BadBytes", "a peer sent too many hashes");
  const hashes: PathHash[] = [];
  for (let offset = 0; offset < bytes.byteLength; offset += PATH_HASH_BYTES) {
    hashes.push(parsePathHash(bytes.subarray(offset, offset + PATH_HASH_BYTES)));
  }
  return hashes;
}

export function encodeNarHash(hash: NarHash): Uint8Array {
  return narHashBytes(hash);
}

/** @throws NiphasError BadBytes */
export function parseNarHashBytes(bytes: Uint8Array): NarHash {
  if (bytes.byteLength !== NAR_HASH_BYTES) throw new NiphasError("BadBytes", "a peer sent part of a hash");
  return parseNarHash(`sha256:${Buffer.from(bytes).toString("hex")}`);
}
