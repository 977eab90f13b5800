import { verify } from "node:crypto";
import type { NarHash } from "./hash.ts";
import { parsePathSignature, pathFingerprint, type TrustedKey } from "./signature.ts";
import type { StorePath } from "./store-path.ts";

/** What a signature is checked with. */
export interface SignedPathInfo {
  readonly path: StorePath;
  readonly narHash: NarHash;
  readonly narSizeBytes: number;
  readonly references: readonly StorePath[];
  /** `name:base64`. */
  readonly signatures: readonly string[];
}

/** `keys` by their names. Whether one of the path's signatures is by a trusted key and good. Runs on the thread pool. */
export async function hasTrustedSignature(
  info: SignedPathInfo,
  keys: ReadonlyMap<string, TrustedKey>,
): Promise<boolean> {
  const fingerprint = Buffer.from(pathFingerprint(info));
  for (const text of info.signatures) if (await isGood(text, fingerprint, keys)) return true;
  return false;
}

/** As {@link hasTrustedSignature}: those of the path's signatures that are by trusted keys and good, each once. */
export async function trustedSignatures(
  info: SignedPathInfo,
  keys: ReadonlyMap<string, TrustedKey>,
): Promise<readonly string[]> {
  const fingerprint = Buffer.from(pathFingerprint(info));
  const good: string[] = [];
  for (const text of new Set(info.signatures)) if (await isGood(text, fingerprint, keys)) good.push(text);
  return good;
}

async function isGood(text: string, fingerprint: Buffer, keys: ReadonlyMap<string, TrustedKey>): Promise<boolean> {
  const signature = parsePathSignature(text);
  const key = signature === undefined ? undefined : keys.get(signature.keyName);
  return signature !== undefined && key !== undefined && (await verifyEd25519(fingerprint, key, signature.bytes));
}

function verifyEd25519(message: Buffer, key: TrustedKey, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(null, message, key.key, signature, (error, isGood) => {
      if (error) reject(error);
      else resolve(isGood);
    });
  });
}
