import { type Dirent, lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { type ByteString, fromLatin1, NarPlanBuilder, type NarPlanDraft, NiphasError, toFsPath } from "@niphas/core";
import { EntryPaths } from "./entry-paths.ts";

/** Nix's mark of a program: libutil/archive.cc. */
const OWNER_MAY_EXECUTE = 0o100;

/**
 * Finds what is in a tree, synchronously; its files are still to be measured. Belongs in a worker thread.
 * Throws system errors, and NiphasError BadBytes for a tree that has no NAR.
 */
export function walkTree(root: ByteString): NarPlanDraft {
  const builder = new NarPlanBuilder();
  addEntry(builder, lstatSync(toFsPath(root)), root, fromLatin1(""));
  return builder.draft();
}

/** Looks up the size of each file among the entries from `start` to before `end`. Throws as {@link walkTree}. */
export function measureFiles(root: ByteString, draft: NarPlanDraft, start: number, end: number): void {
  const paths = new EntryPaths(root, draft);
  for (let entry = start; entry < end; entry++) {
    if (!draft.isFile(entry)) continue;
    const stats = lstatSync(paths.pathOf(entry));
    if (!stats.isFile()) throw notServable();
    draft.measure(entry, { sizeBytes: stats.size, isExecutable: (stats.mode & OWNER_MAY_EXECUTE) !== 0 });
  }
}

function addEntry(builder: NarPlanBuilder, type: Stats | Dirent<string>, path: ByteString, name: ByteString): void {
  if (type.isFile()) builder.file(name);
  else if (type.isDirectory()) addDirectory(builder, path, name);
  else if (type.isSymbolicLink()) builder.symlink(name, fromLatin1(readlinkSync(toFsPath(path), "latin1")));
  else throw notServable();
}

function addDirectory(builder: NarPlanBuilder, path: ByteString, name: ByteString): void {
  builder.enterDirectory(name);
  const entries = readdirSync(toFsPath(path), { withFileTypes: true, encoding: "latin1" });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) addEntry(builder, entry, fromLatin1(`${path}/${entry.name}`), fromLatin1(entry.name));
  builder.leaveDirectory();
}

function notServable(): NiphasError {
  return new NiphasError("BadBytes", "it holds something that is no file, directory or symbolic link");
}
