import { mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "@niphas/core";
import { createRunOwner, isStaleRunOwner } from "../store/run-owner.ts";

/**
 * Makes the empty directory on which the program's root is mounted, in a mount
 * namespace of its own: from outside it stays empty. What runs that died left is removed.
 */
export function makeRootDir(stateDir: string): string {
  const parent = join(stateDir, "roots");
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(parent)) {
    if (isStaleRunOwner(name)) removeRootDir(join(parent, name));
  }
  const dir = join(parent, createRunOwner());
  mkdirSync(dir, { mode: 0o700 });
  return dir;
}

/** Never recursive: if something were mounted there, its files must not be deleted. */
export function removeRootDir(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    const code = systemErrorCode(error);
    // Gone already, or just being removed by another run.
    if (code !== "ENOENT" && code !== "EBUSY" && code !== "ENOTEMPTY") throw error;
  }
}
