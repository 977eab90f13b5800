import { NiphasError } from "./errors.ts";

/** `/nix/store/<32 base-32>-<name>`. Made only by {@link parseStorePath}. */
export type StorePath = string & { readonly __brand: "StorePath" };

/** A store path, or a path inside one, as in `/nix/store/<hash>-hello/bin/hello`. */
export interface PathInStore {
  readonly storePath: StorePath;
  /** The part below the store path, `bin/hello`; empty for the store path itself. */
  readonly subPath: string;
}

export const STORE_DIR = "/nix/store";

const HASH_LENGTH = 32;
/** Name rules from Nix 2.34: 1 to 211 characters of this set, the first dash-separated part not `.` or `..`. libstore/path.cc */
const STORE_PATH = /^\/nix\/store\/[0-9abcdfghijklmnpqrsvwxyz]{32}-(?!\.\.?(?:-|$))[0-9a-zA-Z+\-._?=]{1,211}$/;
const MAX_SUB_PATH_LENGTH = 1024;

/**
 * Reads a whole store path; nothing may follow the name.
 * @throws NiphasError InvalidStorePath; the message does not echo hostile input
 */
export function parseStorePath(text: string): StorePath {
  if (!STORE_PATH.test(text)) {
    throw new NiphasError("InvalidStorePath", "not a store path: expected /nix/store/<32 characters>-<name>");
  }
  return text as StorePath;
}

/**
 * Reads a store path with an optional path inside it.
 * @throws NiphasError InvalidStorePath on anything else, also on `.`, `..` or empty components
 */
export function parsePathInStore(text: string): PathInStore {
  const [empty, nix, store, base = "", ...rest] = text.split("/");
  if (empty !== "" || nix !== "nix" || store !== "store") throw outside();
  const storePath = parseStorePath(`${STORE_DIR}/${base}`);
  const isPlain = rest.every((part) => part !== "" && part !== "." && part !== ".." && !hasControlCharacter(part));
  if (!isPlain || rest.join("/").length > MAX_SUB_PATH_LENGTH) throw outside();
  return { storePath, subPath: rest.join("/") };
}

/** `<hash>-<name>`, the entry in the store directory. */
export function storePathBaseName(path: StorePath): string {
  return path.slice(STORE_DIR.length + 1);
}

/** The 32 characters that identify the path. */
export function storePathHash(path: StorePath): string {
  return storePathBaseName(path).slice(0, HASH_LENGTH);
}

/** The name with its version, `hello-2.12`. */
export function storePathName(path: StorePath): string {
  return storePathBaseName(path).slice(HASH_LENGTH + 1);
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function outside(): NiphasError {
  return new NiphasError("InvalidStorePath", "not a path inside the Nix store: expected /nix/store/<hash>-<name>/…");
}
