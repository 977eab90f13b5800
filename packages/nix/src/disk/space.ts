import { statfsSync } from "node:fs";
import { NiphasError, systemErrorCode } from "@niphas/core";
import type { DiskSpace } from "../ports.ts";

/** Free bytes and inodes of the file system that holds `path`, as an unprivileged writer sees them. */
export function diskSpace(path: string): DiskSpace {
  const stats = statfsSync(path);
  return {
    freeBytes: stats.bavail * stats.bsize,
    freeBytesRatio: ratio(stats.bavail, stats.blocks),
    freeInodes: stats.files === 0 ? Number.POSITIVE_INFINITY : stats.ffree,
    freeInodesRatio: ratio(stats.ffree, stats.files),
  };
}

/** File systems such as btrfs make inodes as needed and report none: those never run out. */
function ratio(free: number, total: number): number {
  return total === 0 ? 1 : free / total;
}

/**
 * ENOSPC means either; the file system knows which. The scarcer one, not the one that is at 0: whoever failed has
 * often removed its last files by now.
 */
export function noSpaceError(path: string, cause: unknown): NiphasError {
  const { freeBytes, freeBytesRatio, freeInodes, freeInodesRatio } = diskSpace(path);
  const advice = "make room there or give it a larger disk; the node plugin collects what no pod uses";
  if (freeInodesRatio < freeBytesRatio) {
    const found = `the node's store has no free inodes (${freeInodes} on the file system of ${path})`;
    return new NiphasError("InodesExhausted", `${found}: ${advice}`, { cause });
  }
  const freeMib = Math.floor(freeBytes / 2 ** 20);
  return new NiphasError(
    "DiskFull",
    `the node's store is full (${freeMib} MiB free on the file system of ${path}): ${advice}`,
    {
      cause,
    },
  );
}

/** Runs a file operation in the store's file system and names a full disk for what it is. */
export function withDiskErrors<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOSPC" || code === "EDQUOT") throw noSpaceError(path, error);
    if (code === "EROFS") {
      throw new NiphasError("StoreUnavailable", "the node's store is on a read-only file system", { cause: error });
    }
    throw error;
  }
}
