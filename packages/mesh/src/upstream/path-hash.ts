import { type StorePath, storePathHash } from "@niphas/core";
import type { PathHash } from "../ports.ts";

const PATH_HASH = /^[0-9abcdfghijklmnpqrsvwxyz]{32}$/;

/** The hash part of a parsed store path. */
export function pathHashOf(path: StorePath): PathHash {
  return storePathHash(path) as PathHash;
}

/** Reads 32 characters of Nix's base-32; undefined for anything else. */
export function parsePathHash(text: string): PathHash | undefined {
  return PATH_HASH.test(text) ? (text as PathHash) : undefined;
}
