import { realpathSync } from "node:fs";
import { NiphasError, parsePathInStore, STORE_DIR } from "@niphas/core";
import type { PathHash } from "../ports.ts";
import { parsePathHash, pathHashOf } from "../upstream/path-hash.ts";

/**
 * The path that a person asks about: a store path, a path inside one, its name without the directory, a link to one of
 * these such as `./result`, or the 32 characters of its hash, as they stand in logs of Nix.
 * @throws NiphasError InvalidStorePath
 */
export function askedPath(text: string): PathHash {
  const hash = parsePathHash(text.replace(/\.narinfo$/, "")) ?? hashIn(text) ?? hashIn(`${STORE_DIR}/${text}`);
  const found = hash ?? hashIn(targetOf(text));
  if (found !== undefined) return found;
  const forms = "a store path, a path inside one, a link to one, or the 32 characters of its hash";
  throw new NiphasError("InvalidStorePath", `expected ${forms}`);
}

function hashIn(text: string): PathHash | undefined {
  try {
    return pathHashOf(parsePathInStore(text).storePath);
  } catch {
    return undefined;
  }
}

/** Where a link leads; empty for what is no file here. */
function targetOf(text: string): string {
  try {
    return realpathSync(text);
  } catch {
    return "";
  }
}
