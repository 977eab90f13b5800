import { statfsSync } from "node:fs";
import { isNiphasError, NiphasError, systemErrorCode } from "@niphas/core";

export interface BuildPlaces {
  readonly viewDir: string;
  readonly physicalStoreDir: string;
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ENOENT: "a valid store path is missing on disk; repair the store with nix-store --verify --check-contents --repair",
  ENOTSUP: "a store path holds a device, pipe or socket",
  EOPNOTSUPP: "a store path holds a device, pipe or socket",
  ENAMETOOLONG: "a path in the closure is too long for this directory; use a shorter state directory",
};

/** Says what went wrong in building a view, for the person who runs the node. */
export function viewBuildError(cause: unknown, places: BuildPlaces): NiphasError {
  if (isNiphasError(cause)) return cause;
  const code = systemErrorCode(cause);
  if (code === "ENOSPC" || code === "EDQUOT") return noSpaceError(places.viewDir, cause);
  if (code === "EXDEV") return crossDeviceError(places, cause);
  const what = code === undefined ? "the view cannot be built" : `the view cannot be built (${code})`;
  const explanation = code === undefined ? undefined : EXPLANATIONS[code];
  return new NiphasError("ViewUnavailable", explanation === undefined ? what : `${what}: ${explanation}`, { cause });
}

const NO_SPACE_ADVICE = "make room there or give it a larger disk; the node plugin collects what no pod uses";

/** ENOSPC means bytes or inodes; the file system says which. */
export function noSpaceError(dir: string, cause: unknown): NiphasError {
  if (freeInodes(dir) === 0) {
    return new NiphasError(
      "InodesExhausted",
      `the node's file system for views (${dir}) has no free inodes: ${NO_SPACE_ADVICE}`,
      { cause },
    );
  }
  return new NiphasError("DiskFull", `the node's disk for views (${dir}) is full: ${NO_SPACE_ADVICE}`, { cause });
}

export function crossDeviceError(places: BuildPlaces, cause: unknown): NiphasError {
  return new NiphasError("ViewUnavailable", `${crossDeviceReason(places)}: ${CROSS_DEVICE_ADVICE}`, { cause });
}

export function crossDeviceReason(places: BuildPlaces): string {
  return `files of ${places.physicalStoreDir} cannot be hard-linked into ${places.viewDir}`;
}

export const CROSS_DEVICE_ADVICE = "put both directories on one file system and one mount";

/** Undefined when the file system does not count inodes (btrfs says 0 of 0). */
function freeInodes(dir: string): number | undefined {
  try {
    const { ffree, files } = statfsSync(dir);
    return files === 0 ? undefined : ffree;
  } catch {
    // The directory may be gone already; then the plainer error is given.
    return undefined;
  }
}
