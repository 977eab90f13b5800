import { NiphasError } from "./errors.ts";
import { decodeNix32, encodeNix32 } from "./nix32.ts";

/** A sha256 of a NAR in Nix's canonical text, `sha256:<52 base-32 characters>`. Made only by {@link parseNarHash}. */
export type NarHash = string & { readonly __brand: "NarHash" };

const SHA256_BYTES = 32;

/**
 * Reads a sha256 in any of Nix's spellings: `sha256:<hex>` (the database),
 * `sha256:<base-32>` (narinfo, fingerprints) or `sha256-<base-64>` (SRI).
 * @throws NiphasError InvalidRequest
 */
export function parseNarHash(text: string): NarHash {
  return `sha256:${encodeNix32(sha256Bytes(text))}` as NarHash;
}

/** The 32 bytes of a NAR hash. */
export function narHashBytes(hash: NarHash): Uint8Array {
  return decodeNix32(hash.slice("sha256:".length), SHA256_BYTES);
}

function sha256Bytes(text: string): Uint8Array {
  if (/^sha256:[0-9a-f]{64}$/.test(text)) return Uint8Array.from(Buffer.from(text.slice(7), "hex"));
  if (/^sha256:[0-9a-z]{52}$/.test(text)) return decodeNix32(text.slice(7), SHA256_BYTES);
  if (/^sha256-[A-Za-z0-9+/]{43}=$/.test(text)) return sriBytes(text.slice(7));
  throw new NiphasError("InvalidRequest", "not a sha256 in hex, base-32 or SRI form");
}

function sriBytes(base64: string): Uint8Array {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") !== base64) throw new NiphasError("InvalidRequest", "not a canonical SRI hash");
  return Uint8Array.from(bytes);
}
