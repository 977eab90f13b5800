import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { NiphasError } from "@niphas/core";

/** Where everything lies in the state directory; links resolved. The layout is in docs/interfaces.md. */
export interface StateDirectory {
  readonly dir: string;
  /** Root of the chroot store. */
  readonly storeRootDir: string;
  readonly viewsDir: string;
  /** Nix's HOME, caches and temporary files. */
  readonly cacheDir: string;
  readonly quarantineDir: string;
  readonly bootRecordFile: string;
}

/** Makes the directory if it is missing, for root only. @throws NiphasError StoreUnavailable */
export function openStateDirectory(stateDir: string): StateDirectory {
  const dir = makeDirectory(stateDir);
  return {
    dir,
    storeRootDir: makeDirectory(join(dir, "store")),
    viewsDir: makeDirectory(join(dir, "views")),
    cacheDir: makeDirectory(join(dir, "cache")),
    quarantineDir: join(dir, "quarantine"),
    bootRecordFile: join(dir, "boot.json"),
  };
}

function makeDirectory(dir: string): string {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return realpathSync(dir);
  } catch (cause) {
    throw new NiphasError("StoreUnavailable", `cannot make or open the directory ${dir}`, { cause });
  }
}
