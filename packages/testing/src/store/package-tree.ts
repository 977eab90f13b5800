import type { SeededRandom } from "./random.ts";
import { type DirectoryTree, file, symlink, type Tree } from "./tree.ts";

const DIRECTORIES = [
  "bin",
  "lib",
  "lib/modules/core",
  "share/doc",
  "share/locale/de/LC_MESSAGES",
  "etc",
  "include/sys",
];
const FILES_PER_SYMLINK = 20;

export interface PackageTreeOptions {
  readonly fileCount: number;
  readonly fileSizeBytes: number;
  readonly references: readonly string[];
  /** How much of each file compresses to almost nothing, 0 to 1; the rest does not compress. */
  readonly compressibleShare: number;
}

/** A tree shaped like a distribution's package: nested directories, few programs, few links, many small files. */
export function packageTree(random: SeededRandom, options: PackageTreeOptions): DirectoryTree {
  const root = emptyDirectory();
  for (let index = 0; index < options.fileCount; index++) {
    const folder = DIRECTORIES[random.below(DIRECTORIES.length)] ?? "lib";
    const isFirst = index === 0;
    const text = Buffer.from(isFirst ? `${options.references.join("\n")}\n` : `file ${index}\n`);
    const sizeBytes = random.below(options.fileSizeBytes * 2);
    const restBytes = Math.max(0, sizeBytes - text.length);
    const zeroBytes = Math.floor(restBytes * options.compressibleShare);
    const content = Buffer.concat([text, random.bytes(restBytes - zeroBytes), Buffer.alloc(zeroBytes)]);
    place(root, isFirst ? "nix-support/references" : `${folder}/file-${index}`, file(content, isProgram(folder)));
    if (index % FILES_PER_SYMLINK === 1)
      place(root, `share/links/link-${index}`, symlink(`../../${folder}/file-${index}`));
  }
  return root;
}

function isProgram(folder: string): { readonly executable: boolean } {
  return { executable: folder === "bin" };
}

type MutableDirectory = DirectoryTree & { readonly entries: Map<string, Tree> };

function emptyDirectory(): MutableDirectory {
  return { type: "directory", entries: new Map() };
}

function place(root: MutableDirectory, path: string, tree: Tree): void {
  const parts = path.split("/");
  const name = parts.pop() ?? "";
  let current = root;
  for (const part of parts) {
    const known = directories.get(current)?.get(part);
    current = known ?? addDirectory(current, part);
  }
  current.entries.set(name, tree);
}

const directories = new WeakMap<MutableDirectory, Map<string, MutableDirectory>>();

function addDirectory(parent: MutableDirectory, name: string): MutableDirectory {
  const child = emptyDirectory();
  parent.entries.set(name, child);
  const children = directories.get(parent) ?? new Map<string, MutableDirectory>();
  children.set(name, child);
  directories.set(parent, children);
  return child;
}
