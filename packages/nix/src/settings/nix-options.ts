import type { NixSettings } from "../ports.ts";
import { isAtLeast, type NixVersion } from "./nix-version.ts";

const DOWNLOAD_ATTEMPTS = 2;
const HTTP_CONNECTIONS = 50;
/** Saves the second round of questions about the same closure, and no more: the entry may name a NAR that has gone. */
const POSITIVE_TTL_SECONDS = 30;

/** First releases that know a setting; others warn about it. Source: Nix's release notes. */
const SINCE = {
  "max-substitution-jobs": [2, 16],
  "fsync-store-paths": [2, 25],
} as const;

export interface NixOptionsInit {
  /** Whether Nix writes a path's files to disk before it registers the path (Nix 2.25 and newer). Default true. */
  readonly fsyncStorePaths?: boolean;
}

/**
 * `--option` arguments that replace nix.conf. Signatures are always required
 * and no substituter is trusted without them.
 */
export function nixOptions(settings: NixSettings, version: NixVersion, init: NixOptionsInit = {}): readonly string[] {
  const jobs = String(Math.max(1, settings.maxJobs));
  const options: Record<string, string> = {
    substituters: settings.substituters.join(" "),
    "trusted-public-keys": settings.trustedKeys.map((key) => key.text).join(" "),
    "require-sigs": "true",
    // Nix 2.8 substitutes as many paths at once as it may run build jobs.
    "max-jobs": jobs,
    builders: "",
    // Go on to the next substituter when one answers nonsense; a plain store path cannot be built instead.
    fallback: "true",
    "connect-timeout": String(settings.connectTimeoutSeconds),
    "stalled-download-timeout": String(settings.stalledDownloadTimeoutSeconds),
    "download-attempts": String(DOWNLOAD_ATTEMPTS),
    "http-connections": String(HTTP_CONNECTIONS),
    "narinfo-cache-negative-ttl": "0",
    "narinfo-cache-positive-ttl": String(POSITIVE_TTL_SECONDS),
    "build-users-group": "",
    "min-free": "0",
  };
  if (settings.netrcFile !== undefined) options["netrc-file"] = settings.netrcFile;
  if (knows(version, "max-substitution-jobs")) options["max-substitution-jobs"] = jobs;
  if (knows(version, "fsync-store-paths")) options["fsync-store-paths"] = String(init.fsyncStorePaths ?? true);
  return Object.entries(options).flatMap(([name, value]) => ["--option", name, value]);
}

function knows(version: NixVersion, setting: keyof typeof SINCE): boolean {
  const [major, minor] = SINCE[setting];
  return isAtLeast(version, major, minor);
}
