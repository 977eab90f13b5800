import type { ViewKey } from "@niphas/core";
import { rootDirectory } from "../linux/mountinfo.ts";
import type { MountEntry } from "../ports.ts";

/**
 * The mounts that show a view, besides the one that makes it visible at its own `rootDir`.
 *
 * A tree is recognised by its key, 64 hex characters in the path of the
 * mount's root: that holds on bind-mounted state directories and on btrfs, where device
 * numbers do not. A composefs view is recognised by the superblock that is mounted at
 * `rootDir`. If that mount is gone, users of the old superblock are
 * not found, and do not suffer: the kernel keeps the image open, and its bytes are the store's.
 */
export function mountsOfView(table: readonly MountEntry[], key: ViewKey, rootDir: string): readonly MountEntry[] {
  const devices = new Set(table.filter((entry) => entry.mountPoint === rootDir).map((entry) => entry.device));
  return table.filter((entry) => {
    if (entry.mountPoint === rootDir) return false;
    return devices.has(entry.device) || rootDirectory(entry).split("/").includes(key);
  });
}

/** Mount points at or below a directory, deepest first, each once. */
export function mountPointsBelow(table: readonly MountEntry[], directory: string): readonly string[] {
  const below = table
    .map((entry) => entry.mountPoint)
    .filter((path) => path === directory || path.startsWith(`${directory}/`));
  return [...new Set(below)].sort().reverse();
}
