import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { posix } from "node:path";
import { STORE_DIR, systemErrorCode } from "@niphas/core";

export type StoreFileKind = "directory" | "executable" | "file" | "missing";

/** Read access to files by the paths that a program in the view sees. */
export interface StoreFiles {
  /** What is at `path` when all links are followed inside the store. */
  kindOf(path: string): StoreFileKind;
  /** Names in a directory, sorted; empty when it is not one. */
  list(path: string): readonly string[];
}

const MAX_LINKS = 40;
const ANY_EXECUTE = 0o111;

/**
 * Files of a store whose paths lie elsewhere on this machine, as in a chroot
 * store: a link to /nix/store/… must lead into that store and not the host's.
 */
export class PhysicalStoreFiles implements StoreFiles {
  readonly #physicalStoreDir: string;

  constructor(physicalStoreDir: string) {
    this.#physicalStoreDir = physicalStoreDir;
  }

  kindOf(path: string): StoreFileKind {
    const found = this.#follow(path);
    if (found === undefined) return "missing";
    if (found.stats.isDirectory()) return "directory";
    return found.stats.isFile() && (found.stats.mode & ANY_EXECUTE) !== 0 ? "executable" : "file";
  }

  list(path: string): readonly string[] {
    const found = this.#follow(path);
    return found?.stats.isDirectory() ? readdirSync(found.physicalPath).sort() : [];
  }

  /** Walks the path component by component; undefined when it ends nowhere or outside the store. */
  #follow(path: string): { readonly stats: Stats; readonly physicalPath: string } | undefined {
    let pending = pathParts(path);
    let current = STORE_DIR;
    let found: { stats: Stats; physicalPath: string } | undefined;
    for (let links = 0; pending !== undefined; ) {
      const [part, ...rest] = pending;
      if (part === undefined) return found;
      const next = `${current}/${part}`;
      const physicalPath = this.#physicalStoreDir + next.slice(STORE_DIR.length);
      const stats = statOf(physicalPath);
      if (stats === undefined) return undefined;
      if (stats.isSymbolicLink()) {
        if (++links > MAX_LINKS) return undefined;
        pending = pathParts(posix.resolve(current, readlinkSync(physicalPath), ...rest));
        current = STORE_DIR;
        continue;
      }
      found = { stats, physicalPath };
      current = next;
      pending = rest;
    }
    return undefined;
  }
}

/** The components below the store directory; undefined outside it. */
function pathParts(path: string): readonly string[] | undefined {
  const normal = posix.normalize(path);
  if (!normal.startsWith(`${STORE_DIR}/`)) return undefined;
  return normal
    .slice(STORE_DIR.length + 1)
    .split("/")
    .filter((part) => part !== "");
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return undefined;
    throw error;
  }
}
