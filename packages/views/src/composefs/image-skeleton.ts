import { dirname, join } from "node:path/posix";
import type { ViewContents } from "../contents/view-contents.ts";
import { type DirectoryEntry, directoryData, directoryLinkCount, planDirectory } from "./erofs/directory.ts";
import {
  BLOCK_BYTES,
  DATA_LAYOUT,
  FILE_TYPE,
  inodeBytes,
  OPAQUE_BYTES,
  ROOT_INODE_OFFSET,
  SLOT_BYTES,
  STORE_INODE_OFFSET,
  writeInode,
  writeMetacopy,
  writeOpaque,
} from "./erofs/format.ts";
import { DIRECTORY_MODE, type ImageWriter } from "./erofs/image-writer.ts";

/**
 * Writes what joins the store paths of an image: the root directory, the
 * store directory and the links. The inodes that others refer to before this is
 * written have fixed places in the first block.
 */
export class ImageSkeleton {
  /** All but the superblock, which counts what is written here, too. */
  readonly firstBlock: Buffer = Buffer.alloc(BLOCK_BYTES);
  readonly #writer: ImageWriter;
  readonly #contents: ViewContents;
  readonly #storeEntries: readonly DirectoryEntry[];

  constructor(writer: ImageWriter, contents: ViewContents, storeEntries: readonly DirectoryEntry[]) {
    this.#writer = writer;
    this.#contents = contents;
    this.#storeEntries = storeEntries;
    writeMetacopy(this.firstBlock);
    this.#addFixed("", ROOT_INODE_OFFSET, ROOT_INODE_OFFSET / SLOT_BYTES);
    writer.end();
  }

  /** A directory of the first block; its entries are in blocks of their own. */
  #addFixed(path: string, offset: number, parentNid: number): number {
    const nid = offset / SLOT_BYTES;
    const children = this.#children(path, nid);
    const plan = planDirectory(children, nid, parentNid);
    const linkCount = directoryLinkCount(children);
    const isRoot = path === "";
    writeInode(this.firstBlock, offset, {
      mode: DIRECTORY_MODE,
      linkCount,
      sizeBytes: plan.sizeBytes,
      layout: DATA_LAYOUT.blocks,
      location: this.#writer.addBlocks(directoryData(plan)),
      xattrBytes: isRoot ? OPAQUE_BYTES : 0,
    });
    if (isRoot) writeOpaque(this.firstBlock, offset + inodeBytes(plan.sizeBytes, linkCount));
    this.#writer.countInode();
    return nid;
  }

  #addDirectory(path: string, parentNid: number): number {
    if (path === this.#contents.storeDir) return this.#addFixed(path, STORE_INODE_OFFSET, parentNid);
    const names = this.#entries(path);
    const directory = this.#writer.openDirectory(names, parentNid);
    this.#fill(names, path, directory.nid);
    this.#writer.closeDirectory(directory);
    return directory.nid;
  }

  #children(path: string, nid: number): readonly DirectoryEntry[] {
    const entries = this.#entries(path);
    this.#fill(entries, path, nid);
    return path === this.#contents.storeDir ? [...entries, ...this.#storeEntries] : entries;
  }

  /** Without numbers yet. */
  #entries(path: string): readonly DirectoryEntry[] {
    const { directories, links } = this.#contents;
    const below = (each: string): boolean => join("/", path) === dirname(join("/", each));
    return [
      ...directories.filter(below).map((each) => ({ name: lastPart(each), type: FILE_TYPE.directory, nid: 0 })),
      ...links
        .filter((link) => below(link.path))
        .map(({ path: each }) => ({ name: lastPart(each), type: FILE_TYPE.symlink, nid: 0 })),
    ];
  }

  #fill(entries: readonly DirectoryEntry[], path: string, nid: number): void {
    for (const entry of entries) {
      const entryPath = join(path, entry.name);
      entry.nid = entry.type === FILE_TYPE.directory ? this.#addDirectory(entryPath, nid) : this.#addLink(entryPath);
    }
  }

  #addLink(path: string): number {
    return this.#writer.addSymlink(this.#contents.links.find((link) => link.path === path)?.target ?? "");
  }
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
