import { createHash } from "node:crypto";
import { isNiphasError } from "./errors.ts";
import type { NarHash } from "./hash.ts";
import { narHashBytes, parseNarHash } from "./hash.ts";
import { encodeNix32 } from "./nix32.ts";
import { STORE_DIR, type StorePath, storePathName } from "./store-path.ts";

const PATH_DIGEST_BYTES = 20;

/** What decides whether a path is content-addressed. */
export interface AddressedPathInfo {
  readonly path: StorePath;
  readonly references: readonly StorePath[];
  readonly contentAddress: string | undefined;
}

/**
 * Whether a path's name follows from its content address and references, so that Nix takes it without a signature.
 * Whether its files have that address is another question, which Nix answers when it imports them; for
 * `fixed:r:sha256` without a reference to itself it is whether the address is the NAR's hash.
 * False also for addresses that are not by sha256. Source: libstore/store-api.cc `makeFixedOutputPathFromCA`.
 */
export function isContentAddressed(info: AddressedPathInfo): boolean {
  const match = /^(text|fixed|fixed:r):(sha256:[0-9a-z]+)$/.exec(info.contentAddress ?? "");
  const hash = sha256(match?.[2] ?? "");
  if (hash === undefined) return false;
  const type = pathType(info, match?.[1] ?? "");
  if (type === undefined) return false;
  return info.path === storePath(type, match?.[1] === "fixed" ? flatOutputHex(hash) : hex(hash), info.path);
}

/** What stands before the hash in the text that a name is the digest of; undefined where references are not allowed. */
function pathType(info: AddressedPathInfo, method: string): string | undefined {
  const references = new Set(info.references);
  const hasSelf = references.delete(info.path);
  const others = [...references].sort();
  if (method === "fixed:r") return ["source", ...others, ...(hasSelf ? ["self"] : [])].join(":");
  if (method === "text") return hasSelf ? undefined : ["text", ...others].join(":");
  return info.references.length === 0 ? "output:out" : undefined;
}

function flatOutputHex(hash: NarHash): string {
  return createHash("sha256")
    .update(`fixed:out:sha256:${hex(hash)}:`)
    .digest("hex");
}

function storePath(type: string, digestHex: string, path: StorePath): string {
  const name = storePathName(path);
  const digest = createHash("sha256").update(`${type}:sha256:${digestHex}:${STORE_DIR}:${name}`).digest();
  return `${STORE_DIR}/${encodeNix32(fold(digest))}-${name}`;
}

/** Makes a digest shorter as Nix does: libutil/hash.cc `compressHash`. */
function fold(digest: Uint8Array): Uint8Array {
  const folded = new Uint8Array(PATH_DIGEST_BYTES);
  digest.forEach((byte, index) => {
    folded[index % PATH_DIGEST_BYTES] = (folded[index % PATH_DIGEST_BYTES] ?? 0) ^ byte;
  });
  return folded;
}

function sha256(text: string): NarHash | undefined {
  try {
    return parseNarHash(text);
  } catch (error) {
    if (isNiphasError(error)) return undefined;
    throw error;
  }
}

function hex(hash: NarHash): string {
  return Buffer.from(narHashBytes(hash)).toString("hex");
}
