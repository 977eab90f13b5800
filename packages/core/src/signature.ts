import { createPublicKey, type KeyObject } from "node:crypto";
import { NiphasError } from "./errors.ts";
import type { NarHash } from "./hash.ts";
import type { StorePath } from "./store-path.ts";

/** A binary cache's public key as Nix writes it, `name:base64`. */
export interface TrustedKey {
  readonly name: string;
  readonly key: KeyObject;
  /** The text that Nix takes in `trusted-public-keys`. */
  readonly text: string;
}

export interface PathSignature {
  readonly keyName: string;
  readonly bytes: Uint8Array;
}

/** The key of cache.nixos.org, trusted by default as by Nix itself. */
export const CACHE_NIXOS_ORG_KEY = "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=";

const ED25519_SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** @throws NiphasError InvalidConfiguration */
export function parseTrustedKey(text: string): TrustedKey {
  const match = /^([A-Za-z0-9._-]{1,255}):([A-Za-z0-9+/]{43}=)$/.exec(text.trim());
  const name = match?.[1];
  const bytes = Buffer.from(match?.[2] ?? "", "base64");
  if (name === undefined || bytes.length !== KEY_BYTES) {
    throw new NiphasError("InvalidConfiguration", "not a public key: expected <name>:<44 characters of base64>");
  }
  const der = Buffer.concat([ED25519_SPKI_PREFIX, bytes]);
  return { name, text: text.trim(), key: createPublicKey({ key: der, format: "der", type: "spki" }) };
}

/** Reads `name:base64`; undefined for a form that no known Nix writes, so that a foreign signature never hides a good one. */
export function parsePathSignature(text: string): PathSignature | undefined {
  const match = /^([^:\s]{1,255}):([A-Za-z0-9+/]{86}==)$/.exec(text);
  const keyName = match?.[1];
  const bytes = Buffer.from(match?.[2] ?? "", "base64");
  if (keyName === undefined || bytes.length !== SIGNATURE_BYTES) return undefined;
  return { keyName, bytes };
}

/** What a signature covers: `1;path;narHash;narSize;refs`. Source: libstore/path-info.cc `fingerprint`. */
export function pathFingerprint(info: {
  readonly path: StorePath;
  readonly narHash: NarHash;
  readonly narSizeBytes: number;
  readonly references: readonly StorePath[];
}): string {
  const references = [...info.references].sort().join(",");
  return `1;${info.path};${info.narHash};${info.narSizeBytes};${references}`;
}
