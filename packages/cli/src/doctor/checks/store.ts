import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { formatBytes, isNiphasError } from "@niphas/core";
import {
  DEFAULT_GC_TARGETS,
  diskSpace,
  type FreeTarget,
  NixRunner,
  type NixSettings,
  openStoreDatabase,
  storeLayout,
} from "@niphas/nix";
import { OWN_STORE_UNTOUCHED } from "../../store/chroot-store-session.ts";
import { type Check, fail, ok, warn } from "../check.ts";

/** Whether the Nix on PATH is one that niphas knows. Leaves nothing behind. */
export async function checkNixVersion(settings: NixSettings): Promise<Check> {
  const cacheDir = mkdtempSync(join(tmpdir(), "niphas-doctor-"));
  try {
    const version = await new NixRunner({ ...settings, cacheDir }, { environment: OWN_STORE_UNTOUCHED }).version();
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

/** Free bytes and inodes where the store is, against the targets of the node plugin's garbage collector. */
export function checkDiskSpace(rootDir: string): Check {
  const id = "disk-space";
  const { freeBytes, freeBytesRatio, freeInodes, freeInodesRatio } = diskSpace(
    nearestExisting(storeLayout({ rootDir }).storeDir),
  );
  const inodes = percent(freeInodesRatio);
  const message = `${formatBytes(freeBytes)} (${percent(freeBytesRatio)}) and ${inodes} of the inodes are free`;
  const targets = DEFAULT_GC_TARGETS;
  const isEnough =
    meets(targets.freeBytes, freeBytesRatio, freeBytes) && meets(targets.freeInodes, freeInodesRatio, freeInodes);
  if (isEnough) return ok(id, message);
  const wanted = `${targetText(targets.freeBytes)} of the space and ${targetText(targets.freeInodes)} of the inodes`;
  return warn(id, message, `make room until ${wanted} are free, or give a --store elsewhere`);
}

function meets(target: FreeTarget, ratio: number, amount: number): boolean {
  return "ratio" in target ? ratio >= target.ratio : amount >= target.amount;
}

function targetText(target: FreeTarget): string {
  return "ratio" in target ? percent(target.ratio) : String(target.amount);
}

/** The directory itself or the nearest one above it that is there. */
export function nearestExisting(dir: string): string {
  let current = dir;
  while (!existsSync(current) && current !== dirname(current)) current = dirname(current);
  return current;
}

function percent(value: number): string {
  return `${Math.floor(value * 100)} %`;
}
