import { existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isNiphasError } from "@niphas/core";
import { NixRunner, type NixSettings, openStoreDatabase, storeLayout } from "@niphas/nix";
import { formatBytes } from "../../terminal/format.ts";
import { type Check, fail, ok, warn } from "../check.ts";

/** The node plugin collects garbage below this, so that the kubelet evicts nobody. */
const FREE_TARGET_RATIO = 0.2;

/** Whether the Nix on PATH is one that niphas knows. Leaves nothing behind. */
export async function checkNixVersion(settings: NixSettings): Promise<Check> {
  const cacheDir = mkdtempSync(join(tmpdir(), "niphas-doctor-"));
  try {
    const version = await new NixRunner({ ...settings, cacheDir }).version();
    return ok("nix-version", `Nix ${version.text} is supported`);
  } catch (error) {
    if (!isNiphasError(error)) throw error;
    return fail("nix-version", error.message, "install Nix 2.8 or newer (Debian: apt install nix-bin)");
  } finally {
    rmSync(cacheDir, { recursive: true, force: true });
  }
}

/** Whether the store's database can be read. A store that is not there yet is made by the first `niphas run`. */
export function checkStoreDatabase(rootDir: string): Check {
  const id = "store";
  if (rootDir === "/") return ok(id, "this machine's own store, through its daemon");
  const { databaseFile, storeDir } = storeLayout({ rootDir });
  if (!existsSync(databaseFile)) return ok(id, `${storeDir} is not there yet and is made when it is needed`);
  try {
    const database = openStoreDatabase({ rootDir });
    try {
      const newest = database.newestId();
      return ok(id, `${storeDir} is readable${newest === 0 ? " and empty" : ""}`);
    } finally {
      database.close();
    }
  } catch (error) {
    if (!isNiphasError(error)) throw error;
    return fail(id, error.message, `check who owns ${rootDir}, or give another --store`);
  }
}

/** Free bytes and inodes where the store is, against the targets of the garbage collector. */
export function checkDiskSpace(dir: string): Check {
  const id = "disk-space";
  const stats = statfsSync(nearestExisting(dir));
  const free = stats.bavail * stats.bsize;
  const bytesRatio = ratio(stats.bavail, stats.blocks);
  // Some file systems, such as btrfs, have no fixed number of inodes and report 0.
  const inodesRatio = stats.files === 0 ? 1 : ratio(stats.ffree, stats.files);
  const message = `${formatBytes(free)} (${percent(bytesRatio)}) and ${percent(inodesRatio)} of the inodes are free`;
  if (bytesRatio >= FREE_TARGET_RATIO && inodesRatio >= FREE_TARGET_RATIO) return ok(id, message);
  const advice = `free space until ${percent(FREE_TARGET_RATIO)} of both is free, or give a --state-dir elsewhere`;
  return warn(id, message, advice);
}

/** The directory itself or the nearest one above it that is there. */
export function nearestExisting(dir: string): string {
  let current = dir;
  while (!existsSync(current) && current !== dirname(current)) current = dirname(current);
  return current;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function percent(value: number): string {
  return `${Math.floor(value * 100)} %`;
}
