import { chmodSync, mkdirSync, realpathSync } from "node:fs";
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

const PRIVATE = 0o700;
/** The mesh daemon, no root, reads the store through a mount of its own. Nobody else comes past the directory above. */
const READABLE = 0o755;

/** Makes the directory if it is missing, for root only. @throws NiphasError StoreUnavailable */
export function openStateDirectory(stateDir: string): StateDirectory {
  const dir = makeDirectory(stateDir);
  return {
    dir,
    storeRootDir: makeReadable(join(dir, "store")),
    viewsDir: makeDirectory(join(dir, "views")),
    cacheDir: makeDirectory(join(dir, "cache")),
    quarantineDir: join(dir, "quarantine"),
    bootRecordFile: join(dir, "boot.json"),
  };
}

function makeDirectory(dir: string): string {
  try {
    mkdirSync(dir, { recursive: true, mode: PRIVATE });
    return realpathSync(dir);
  } catch (cause) {
    throw unusable(dir, cause);
  }
}

/** Also one that was made by the kubelet, for the mesh's mount, or by a plugin before there was a mesh. */
function makeReadable(dir: string): string {
  const made = makeDirectory(dir);
  try {
    chmodSync(made, READABLE);
    return made;
  } catch (cause) {
    throw unusable(dir, cause);
  }
}

function unusable(dir: string, cause: unknown): NiphasError {
  return new NiphasError("StoreUnavailable", `cannot make or open the directory ${dir}`, { cause });
}
