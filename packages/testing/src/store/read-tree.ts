import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Tree } from "./tree.ts";

const ANY_EXECUTE_BIT = 0o111;

/**
 * Reads what really is at `path`, through whatever mounts lead there; the reverse of `writeTree`.
 * Special files have no place in a store and throw.
 */
export function readTree(path: string): Tree {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return { type: "symlink", target: readlinkSync(path) };
  if (stats.isFile()) {
    return { type: "file", content: readFileSync(path), executable: (stats.mode & ANY_EXECUTE_BIT) !== 0 };
  }
  if (!stats.isDirectory()) throw new Error(`${path} is no file, directory or symbolic link`);
  return { type: "directory", entries: new Map(readdirSync(path).map((name) => [name, readTree(join(path, name))])) };
}
