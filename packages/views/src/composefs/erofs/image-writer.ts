import { writeSync } from "node:fs";
import type { BytePath } from "../../workers/byte-path.ts";
import {
  type DirectoryEntry,
  type DirectoryPlan,
  directoryData,
  directoryLinkCount,
  planDirectory,
} from "./directory.ts";
import {
  BLOCK_BYTES,
  CHUNK_ENTRY_BYTES,
  DATA_LAYOUT,
  inodeBytes,
  NULL_CHUNK,
  redirectBytes,
  roundUp,
  SLOT_BYTES,
  singleChunkFormat,
  writeInode,
  writeRedirect,
} from "./format.ts";
import { countInodes, takeBlocks } from "./image-space.ts";

const EXTENT_BYTES = 256 * 1024;
export const DIRECTORY_MODE = 0o40555;
const SYMLINK_MODE = 0o120777;

/** A run of blocks that inodes are being put into. */
interface Extent {
  readonly buffer: Buffer;
  readonly firstBlock: number;
  usedBytes: number;
}

/** Where an inode goes. */
interface Place {
  readonly extent: Extent;
  readonly offset: number;
  readonly nid: number;
}

/** A directory whose place is known and whose entries need not be known yet. */
export interface OpenDirectory {
  readonly nid: number;
  readonly linkCount: number;
  readonly place: Place;
  readonly plan: DirectoryPlan;
}

/**
 * Writes inodes into an image file, synchronously. Several of these, each in
 * its own worker, write to one image at the same time; they share nothing but the image's space.
 */
export class ImageWriter {
  readonly #fd: number;
  readonly #space: SharedArrayBuffer;
  #extents: Extent[] = [];
  #inodeCount = 0;

  /** `fd` is of the image file; `space` tells which blocks are free. */
  constructor(fd: number, space: SharedArrayBuffer) {
    this.#fd = fd;
    this.#space = space;
  }

  /** A regular file whose bytes are at `payload` of the base directory. Returns the inode's number. */
  addFile(sizeBytes: number, mode: number, payload: BytePath): number {
    if (sizeBytes === 0) return this.#addEmptyFile(mode);
    const inodeSize = inodeBytes(sizeBytes, 1);
    const xattrBytes = redirectBytes(payload.length);
    const { extent, offset, nid } = this.#place(inodeSize + xattrBytes + CHUNK_ENTRY_BYTES, 0);
    const location = singleChunkFormat(sizeBytes);
    writeInode(extent.buffer, offset, {
      mode,
      linkCount: 1,
      sizeBytes,
      layout: DATA_LAYOUT.chunks,
      location,
      xattrBytes,
    });
    writeRedirect(extent.buffer, offset + inodeSize, payload);
    extent.buffer.writeUInt32LE(NULL_CHUNK, offset + inodeSize + xattrBytes);
    return nid;
  }

  addSymlink(target: BytePath): number {
    const sizeBytes = target.length;
    const place = this.#place(inodeBytes(sizeBytes, 1), sizeBytes);
    const data = Buffer.from(target, "latin1");
    this.#writeInodeWithData(place, { mode: SYMLINK_MODE, linkCount: 1, sizeBytes }, data);
    return place.nid;
  }

  /** Makes room for a directory, so that what is in it can refer to it; `children` get their numbers before it is closed. */
  openDirectory(children: readonly DirectoryEntry[], parentNid: number): OpenDirectory {
    const linkCount = directoryLinkCount(children);
    const { sizeBytes } = planDirectory(children, 0, 0);
    const place = this.#place(inodeBytes(sizeBytes, linkCount), sizeBytes);
    const plan = planDirectory(children, place.nid, parentNid);
    return { nid: place.nid, linkCount, place, plan };
  }

  closeDirectory({ place, plan, linkCount }: OpenDirectory): void {
    const fields = { mode: DIRECTORY_MODE, linkCount, sizeBytes: plan.sizeBytes };
    this.#writeInodeWithData(place, fields, directoryData(plan));
  }

  /** Writes data into blocks of its own and returns the first block's number. */
  addBlocks(data: Buffer): number {
    const block = takeBlocks(this.#space, Math.ceil(data.length / BLOCK_BYTES));
    this.#write(data, block * BLOCK_BYTES);
    return block;
  }

  /** For an inode that somebody else writes. */
  countInode(): void {
    this.#inodeCount++;
  }

  /** Writes out what is complete; no directory may be open. */
  flush(): void {
    const current = this.#extents.pop();
    for (const extent of this.#extents) this.#writeExtent(extent);
    this.#extents = current === undefined ? [] : [current];
  }

  /** Writes out everything. */
  end(): void {
    this.flush();
    for (const extent of this.#extents) this.#writeExtent(extent);
    this.#extents = [];
    countInodes(this.#space, this.#inodeCount);
    this.#inodeCount = 0;
  }

  #addEmptyFile(mode: number): number {
    const { extent, offset, nid } = this.#place(inodeBytes(0, 1), 0);
    const fields = { mode, linkCount: 1, sizeBytes: 0, layout: DATA_LAYOUT.blocks, location: 0, xattrBytes: 0 };
    writeInode(extent.buffer, offset, fields);
    return nid;
  }

  /** Data goes behind the inode where {@link #place} has left room for it, and else into blocks of its own. */
  #writeInodeWithData(
    place: Place,
    fields: { readonly mode: number; readonly linkCount: number; readonly sizeBytes: number },
    data: Buffer,
  ): void {
    const size = inodeBytes(fields.sizeBytes, fields.linkCount);
    const isInline = size + data.length <= BLOCK_BYTES;
    const layout = isInline ? DATA_LAYOUT.inline : DATA_LAYOUT.blocks;
    const location = isInline ? 0 : this.addBlocks(data);
    writeInode(place.extent.buffer, place.offset, { ...fields, layout, location, xattrBytes: 0 });
    if (isInline) data.copy(place.extent.buffer, place.offset + size);
  }

  /**
   * Room for an inode of `sizeBytes`, with `inlineBytes` of data behind it that
   * must lie in the inode's block; data that is too large for that gets no room here.
   */
  #place(sizeBytes: number, inlineBytes: number): Place {
    this.countInode();
    const hasInlineData = inlineBytes > 0 && sizeBytes + inlineBytes <= BLOCK_BYTES;
    const neededBytes = sizeBytes + (hasInlineData ? inlineBytes : 0);
    let extent = this.#extents.at(-1) ?? this.#addExtent();
    let offset = offsetIn(extent, neededBytes, hasInlineData);
    if (offset + neededBytes > EXTENT_BYTES) {
      extent = this.#addExtent();
      offset = 0;
    }
    extent.usedBytes = offset + neededBytes;
    return { extent, offset, nid: (extent.firstBlock * BLOCK_BYTES + offset) / SLOT_BYTES };
  }

  #addExtent(): Extent {
    const firstBlock = takeBlocks(this.#space, EXTENT_BYTES / BLOCK_BYTES);
    const extent = { buffer: Buffer.alloc(EXTENT_BYTES), firstBlock, usedBytes: 0 };
    this.#extents.push(extent);
    return extent;
  }

  /** The blocks that nothing was put into stay a hole of the file. */
  #writeExtent({ buffer, firstBlock, usedBytes }: Extent): void {
    this.#write(buffer.subarray(0, roundUp(usedBytes, BLOCK_BYTES)), firstBlock * BLOCK_BYTES);
  }

  #write(data: Buffer, position: number): void {
    for (let written = 0; written < data.length; ) {
      written += writeSync(this.#fd, data, written, data.length - written, position + written);
    }
  }
}

function offsetIn(extent: Extent, neededBytes: number, isInOneBlock: boolean): number {
  const offset = roundUp(extent.usedBytes, SLOT_BYTES);
  const crosses = Math.floor(offset / BLOCK_BYTES) !== Math.floor((offset + neededBytes - 1) / BLOCK_BYTES);
  return isInOneBlock && crosses ? roundUp(offset, BLOCK_BYTES) : offset;
}
