import { closeSync, fchmodSync, futimesSync, lutimesSync, mkdirSync, openSync, symlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DirectoryTree, FileTree, SymlinkTree, Tree } from "./tree.ts";

/** Nix's canonical time stamp: one second after the epoch. */
const STORE_TIME_SECONDS = 1;

/** Writes a tree with the modes and times that Nix gives its own paths. */
export function writeTree(tree: Tree, path: string): void {
  if (tree.type === "file") writeFile(tree, path);
  else if (tree.type === "symlink") writeSymlink(tree, path);
  else writeDirectory(tree, path);
}

function writeFile(tree: FileTree, path: string): void {
  const mode = tree.executable ? 0o555 : 0o444;
  const descriptor = openSync(path, "wx", mode);
  if (tree.content.length > 0) writeSync(descriptor, tree.content);
  seal(descriptor, mode);
}

function writeSymlink(tree: SymlinkTree, path: string): void {
  symlinkSync(tree.target, path);
  lutimesSync(path, STORE_TIME_SECONDS, STORE_TIME_SECONDS);
}

function writeDirectory(tree: DirectoryTree, path: string): void {
  mkdirSync(path, 0o755);
  for (const [name, entry] of tree.entries) writeTree(entry, join(path, name));
  seal(openSync(path, "r"), 0o555);
}

function seal(descriptor: number, mode: number): void {
  fchmodSync(descriptor, mode);
  futimesSync(descriptor, STORE_TIME_SECONDS, STORE_TIME_SECONDS);
  closeSync(descriptor);
}
