import { decodeNix32, encodeNix32, NiphasError } from "@niphas/core";
import type { PathHash } from "../../ports.ts";

/** The 20 bytes that a {@link PathHash} spells. Made only here. */
export type PathDigest = Uint8Array & { readonly __brand: "PathDigest" };

/** Digests one after the other, as on the wire. Made only here. */
export type DigestList = Uint8Array & { readonly __brand: "DigestList" };

export const DIGEST_BYTES = 20;

/** Parts of the hash space: the lowest 12 bits of a digest. Part of the wire contract. */
export const SHARD_COUNT = 4096;

export const NO_DIGESTS = new Uint8Array(0) as DigestList;

export function digestOf(path: PathHash): PathDigest {
  return decodeNix32(path, DIGEST_BYTES) as PathDigest;
}

export function pathHashOf(digest: PathDigest): PathHash {
  return encodeNix32(digest) as PathHash;
}

/** A little-endian word of 32 bits, unsigned. */
export function wordAt(bytes: Uint8Array, offset: number): number {
  const low = (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
  const high = (bytes[offset + 2] ?? 0) | ((bytes[offset + 3] ?? 0) << 8);
  return (low | (high << 16)) >>> 0;
}

export function shardOf(digest: PathDigest): number {
  return shardOfWord(wordAt(digest, 0));
}

/** @param firstWord of a digest */
export function shardOfWord(firstWord: number): number {
  return firstWord & (SHARD_COUNT - 1);
}

export function digestList(digests: Iterable<PathDigest>): DigestList {
  const all = [...digests];
  const list = new Uint8Array(all.length * DIGEST_BYTES);
  for (const [index, digest] of all.entries()) list.set(digest, index * DIGEST_BYTES);
  return list as DigestList;
}

export function digestCount(list: DigestList): number {
  return list.length / DIGEST_BYTES;
}

/** Views into the list, not copies. */
export function* digestsIn(list: DigestList): Generator<PathDigest> {
  for (let offset = 0; offset < list.length; offset += DIGEST_BYTES) {
    yield list.subarray(offset, offset + DIGEST_BYTES) as PathDigest;
  }
}

/** The digests `start` to `end` (exclusive) of the list, without a copy. */
export function sliceDigests(list: DigestList, start: number, end: number): DigestList {
  return list.subarray(start * DIGEST_BYTES, end * DIGEST_BYTES) as DigestList;
}

/**
 * Reads foreign bytes; they are not copied.
 * @throws NiphasError BadBytes when they are no whole number of digests, or more than `maxCount`
 */
export function parseDigestList(bytes: Uint8Array, maxCount: number): DigestList {
  if (bytes.length % DIGEST_BYTES !== 0) throw new NiphasError("BadBytes", "a peer sent a list with part of a hash");
  if (bytes.length > maxCount * DIGEST_BYTES) {
    throw new NiphasError("BadBytes", `a peer sent more than ${maxCount} hashes at once`);
  }
  return bytes as DigestList;
}
