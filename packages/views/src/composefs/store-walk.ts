import { type Dirent, lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { constants } from "node:os";
import { toFsPath } from "@niphas/core";
import { SystemError } from "../linux/system-error.ts";
import type { BytePath } from "../workers/byte-path.ts";
import type { DirectoryEntry } from "./erofs/directory.ts";
import { type EntryType, FILE_TYPE } from "./erofs/format.ts";
import type { ImageWriter } from "./erofs/image-writer.ts";

/** What both Dirent and Stats know. */
type FileType = Pick<Dirent, "isDirectory" | "isFile" | "isSymbolicLink">;

/**
 * Walks store paths, synchronously, and puts what it finds into an image: names, sizes, modes and
 * link targets, but no bytes. Belongs in a worker thread.
 * Throws system errors; EOPNOTSUPP for a file of a kind that no store path has.
 */
export class StoreWalk {
  readonly #writer: ImageWriter;
  readonly #storeDir: BytePath;
  readonly #parentNid: number;

  /** `parentNid` is the directory of the image that takes the store paths. */
  constructor(writer: ImageWriter, storeDir: BytePath, parentNid: number) {
    this.#writer = writer;
    this.#storeDir = storeDir;
    this.#parentNid = parentNid;
  }

  /** Adds a whole store path: a directory, a file or a symbolic link. */
  add(baseName: string): DirectoryEntry {
    const stats = lstatSync(toFsPath(`${this.#storeDir}/${baseName}`));
    const nid = stats.isFile() ? this.#addFile(stats, baseName) : this.#add(stats, baseName, this.#parentNid);
    this.#writer.flush();
    return { name: baseName, type: entryType(stats), nid };
  }

  /** `path` is relative to the store directory, as overlayfs will look it up. */
  #add(type: FileType, path: BytePath, parentNid: number): number {
    if (type.isDirectory()) return this.#addDirectory(path, parentNid);
    const fsPath = toFsPath(`${this.#storeDir}/${path}`);
    if (type.isSymbolicLink()) return this.#writer.addSymlink(readlinkSync(fsPath, "latin1"));
    return this.#addFile(lstatSync(fsPath), path);
  }

  #addDirectory(path: BytePath, parentNid: number): number {
    const found = readdirSync(toFsPath(`${this.#storeDir}/${path}`), { withFileTypes: true, encoding: "latin1" });
    const children = found.map((each) => ({ name: each.name, type: entryType(each), nid: 0 }));
    const directory = this.#writer.openDirectory(children, parentNid);
    for (let index = 0; index < found.length; index++) {
      const [each, child] = [found[index], children[index]];
      if (each !== undefined && child !== undefined) child.nid = this.#add(each, `${path}/${each.name}`, directory.nid);
    }
    this.#writer.closeDirectory(directory);
    return directory.nid;
  }

  #addFile(stats: Stats, path: BytePath): number {
    return this.#writer.addFile(stats.size, stats.mode, path);
  }
}

function entryType(type: FileType): EntryType {
  if (type.isFile()) return FILE_TYPE.file;
  if (type.isDirectory()) return FILE_TYPE.directory;
  if (type.isSymbolicLink()) return FILE_TYPE.symlink;
  throw new SystemError("open", constants.errno.EOPNOTSUPP);
}
