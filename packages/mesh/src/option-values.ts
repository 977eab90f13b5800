import { NiphasError } from "@niphas/core";
import { parseFreeTarget } from "@niphas/nix";
import { parseUpstreamUrl } from "./upstream/upstream-url.ts";

/** Parsers of the daemon's own flag values; those that all commands have are in packages/core. */

/** A binary cache that the daemon speaks to. */
export function parseUpstream(text: string): string {
  const { kind } = parseUpstreamUrl(text);
  if (kind !== "file" && new URL(text).password !== "") {
    throw invalid("must not hold a password, which every process could read: use --netrc-file");
  }
  return text;
}

export function parseCount(text: string, range: { readonly min: number; readonly max: number }): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= range.min && count <= range.max) return count;
  throw invalid(`must be a whole number between ${range.min} and ${range.max}`);
}

/** `4Gi`, `500M`, `0`; units as Kubernetes writes quantities. */
export function parseAmountBytes(text: string): number {
  try {
    const target = parseFreeTarget(text);
    if ("amount" in target) return target.amount;
  } catch {
    // Said below: an amount here is nothing to keep free.
  }
  throw invalid("must be an amount of bytes such as 4Gi or 500M");
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidConfiguration", message);
}
