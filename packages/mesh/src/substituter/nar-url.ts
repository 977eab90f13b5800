import { type NarHash, type NarInfo, parseNarHash, storePathHash } from "@niphas/core";
import type { PathHash } from "../ports.ts";
import { parsePathHash } from "../upstream/path-hash.ts";

/** What a NAR's URL names. It says nothing of who has the NAR, since Nix keeps URLs for 30 days. */
export interface NarUrl {
  readonly path: PathHash;
  readonly narHash: NarHash;
  /** Nix's name for it, `none` for the raw NAR. */
  readonly compression: string;
}

const FILE_NAME = /^([0-9a-z]{32})-([0-9a-z]{52})\.nar(?:\.([a-z0-9]{1,16}))?$/;

/** `nar/<path hash>-<nar hash>.nar`, with `.<compression>` behind it unless it is raw. */
export function formatNarUrl(info: Pick<NarInfo, "path" | "narHash" | "compression">): string {
  const raw = `nar/${storePathHash(info.path)}-${info.narHash.slice("sha256:".length)}.nar`;
  return info.compression === "none" ? raw : `${raw}.${info.compression}`;
}

/** Reads what {@link formatNarUrl} writes after `nar/`; undefined for anything else. */
export function parseNarUrl(fileName: string): NarUrl | undefined {
  const [, hash = "", narHash = "", compression = "none"] = FILE_NAME.exec(fileName) ?? [];
  const path = parsePathHash(hash);
  if (path === undefined) return undefined;
  try {
    return { path, narHash: parseNarHash(`sha256:${narHash}`), compression };
  } catch {
    return undefined;
  }
}
