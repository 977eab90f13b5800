import { createHash, createPrivateKey, createPublicKey } from "node:crypto";

/** A binary cache's key pair in Nix's text forms. */
export interface SigningKey {
  /** `name:base64`, for `trusted-public-keys`. */
  readonly publicKey: string;
  /** `name:base64` of seed and public key, for `nix store sign --key-file`. */
  readonly secretKey: string;
}

const ED25519_PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** The same name always gives the same key: fit for tests and for nothing else. */
export function signingKey(name = "niphas-test-1"): SigningKey {
  const seed = createHash("sha256").update(`niphas test key ${name}`).digest();
  const der = Buffer.concat([ED25519_PKCS8_PREFIX, seed]);
  const spki = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({
    format: "der",
    type: "spki",
  });
  const publicBytes = spki.subarray(-32);
  return {
    publicKey: `${name}:${publicBytes.toString("base64")}`,
    secretKey: `${name}:${Buffer.concat([seed, publicBytes]).toString("base64")}`,
  };
}
