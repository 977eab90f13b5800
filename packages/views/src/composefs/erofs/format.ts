/**
 * The part of EROFS's on-disk format that a composefs image uses:
 * fs/erofs/erofs_fs.h of Linux, and libcomposefs/lcfs-erofs.h for the header. Little-endian.
 */

export const BLOCK_BYTES = 4096;
const BLOCK_BITS = 12;

/** Inodes begin on multiples of this; an inode's number ("nid") is its place in the image divided by it. */
export const SLOT_BYTES = 32;

export const COMPACT_INODE_BYTES = 32;
export const EXTENDED_INODE_BYTES = 64;

/** What a directory entry says that it leads to. */
export const FILE_TYPE = { file: 1, directory: 2, symlink: 7 } as const;
export type EntryType = (typeof FILE_TYPE)[keyof typeof FILE_TYPE];

/** Where an inode's data is. */
export const DATA_LAYOUT = { blocks: 0, inline: 2, chunks: 4 } as const;
export type DataLayout = (typeof DATA_LAYOUT)[keyof typeof DATA_LAYOUT];

const HEADER_MAGIC = 0xd078629a;
const HEADER_VERSION = 1;
const SUPERBLOCK_OFFSET = 1024;
const SUPERBLOCK_BYTES = 128;
const SUPERBLOCK_MAGIC = 0xe0f5e1e2;
const FEATURE_COMPAT_MTIME = 0x2;
const FEATURE_COMPAT_XATTR_FILTER = 0x4;
const FEATURE_INCOMPAT_CHUNKED_FILE = 0x4;
/** Inodes of the compact form have the time of the superblock; Nix gives all of the store this one. */
const BUILD_TIME_SECONDS = 1;

/** Room for the root directory's inode with its attribute, in the larger form. */
const ROOT_INODE_ROOM_BYTES = 128;

/** Everything that must be known before the rest is written has a fixed place in the first block. */
export const ROOT_INODE_OFFSET = SUPERBLOCK_OFFSET + SUPERBLOCK_BYTES;
export const STORE_INODE_OFFSET = ROOT_INODE_OFFSET + ROOT_INODE_ROOM_BYTES;
export const METACOPY_OFFSET = STORE_INODE_OFFSET + EXTENDED_INODE_BYTES;

export function writeSuperblock(block: Buffer, counts: { readonly blocks: number; readonly inodes: number }): void {
  block.writeUInt32LE(HEADER_MAGIC, 0);
  block.writeUInt32LE(HEADER_VERSION, 4);
  const superblock = block.subarray(SUPERBLOCK_OFFSET, SUPERBLOCK_OFFSET + SUPERBLOCK_BYTES);
  superblock.writeUInt32LE(SUPERBLOCK_MAGIC, 0);
  superblock.writeUInt32LE(FEATURE_COMPAT_MTIME | FEATURE_COMPAT_XATTR_FILTER, 8);
  superblock.writeUInt8(BLOCK_BITS, 12);
  superblock.writeUInt16LE(ROOT_INODE_OFFSET / SLOT_BYTES, 14);
  superblock.writeUInt32LE(counts.inodes, 16);
  superblock.writeUInt32LE(BUILD_TIME_SECONDS, 24);
  superblock.writeUInt32LE(counts.blocks, 36);
  superblock.writeUInt32LE(FEATURE_INCOMPAT_CHUNKED_FILE, 80);
}

export interface InodeFields {
  /** As in stat(2): type and permissions. */
  readonly mode: number;
  readonly linkCount: number;
  readonly sizeBytes: number;
  readonly layout: DataLayout;
  /** First block, or chunk format; by the layout. */
  readonly location: number;
  readonly xattrBytes: number;
}

/** The larger form is for what does not fit into the compact one. */
export function inodeBytes(sizeBytes: number, linkCount: number): number {
  return sizeBytes > 0xffff_ffff || linkCount > 0xffff ? EXTENDED_INODE_BYTES : COMPACT_INODE_BYTES;
}

/** Owned by root. */
export function writeInode(buffer: Buffer, offset: number, inode: InodeFields): void {
  const isExtended = inodeBytes(inode.sizeBytes, inode.linkCount) === EXTENDED_INODE_BYTES;
  buffer.writeUInt16LE((inode.layout << 1) | (isExtended ? 1 : 0), offset);
  buffer.writeUInt16LE(inode.xattrBytes === 0 ? 0 : (inode.xattrBytes - XATTR_HEADER_BYTES) / 4 + 1, offset + 2);
  buffer.writeUInt16LE(inode.mode, offset + 4);
  buffer.writeUInt32LE(inode.sizeBytes % 2 ** 32, offset + 8);
  buffer.writeUInt32LE(inode.location, offset + 16);
  if (isExtended) {
    buffer.writeUInt32LE(Math.floor(inode.sizeBytes / 2 ** 32), offset + 12);
    buffer.writeUInt32LE(BUILD_TIME_SECONDS, offset + 32);
    buffer.writeUInt32LE(inode.linkCount, offset + 44);
  } else {
    buffer.writeUInt16LE(inode.linkCount, offset + 6);
  }
}

/** The chunk format that makes one chunk of the whole file, however large. */
export function singleChunkFormat(sizeBytes: number): number {
  return Math.max(BLOCK_BITS, Math.ceil(Math.log2(sizeBytes))) - BLOCK_BITS;
}

/** A chunk that is not in the image. */
export const NULL_CHUNK = 0xffff_ffff;
export const CHUNK_ENTRY_BYTES = 4;

const XATTR_HEADER_BYTES = 12;
const XATTR_ENTRY_HEADER_BYTES = 4;
const XATTR_INDEX_TRUSTED = 4;
const SHARED_ID_BYTES = 4;

/**
 * Bits of attribute names that are certainly absent, one for the xxh32 of each
 * name; constants, because all files have the same two names and the root has one.
 */
const FILTER_METACOPY_AND_REDIRECT = 0x7ffd_ffff;
const FILTER_OPAQUE = 0xffef_ffff;

const METACOPY = "overlay.metacopy";
const REDIRECT = "overlay.redirect";
const OPAQUE = "overlay.opaque";

/** What {@link writeRedirect} needs, for a payload of so many bytes. */
export function redirectBytes(payloadBytes: number): number {
  return XATTR_HEADER_BYTES + SHARED_ID_BYTES + entryBytes(REDIRECT, 1 + payloadBytes);
}

/** The attributes that make overlayfs read a file's bytes at `/<payload>` of the base directory. */
export function writeRedirect(buffer: Buffer, offset: number, payload: string): void {
  buffer.writeUInt32LE(FILTER_METACOPY_AND_REDIRECT, offset);
  buffer.writeUInt8(1, offset + 4);
  buffer.writeUInt32LE(METACOPY_OFFSET / 4, offset + XATTR_HEADER_BYTES);
  writeEntry(buffer, offset + XATTR_HEADER_BYTES + SHARED_ID_BYTES, REDIRECT, `/${payload}`);
}

/** The attribute that is the same for all files, once for all. */
export function writeMetacopy(buffer: Buffer): void {
  writeEntry(buffer, METACOPY_OFFSET, METACOPY, "");
}

/** Of {@link writeOpaque}. */
export const OPAQUE_BYTES = XATTR_HEADER_BYTES + entryBytes(OPAQUE, 1);

/** The attribute with which overlayfs does not merge the root directory with that of the base directory. */
export function writeOpaque(buffer: Buffer, offset: number): void {
  buffer.writeUInt32LE(FILTER_OPAQUE, offset);
  writeEntry(buffer, offset + XATTR_HEADER_BYTES, OPAQUE, "y");
}

function entryBytes(name: string, valueBytes: number): number {
  return roundUp(XATTR_ENTRY_HEADER_BYTES + name.length + valueBytes, 4);
}

function writeEntry(buffer: Buffer, offset: number, name: string, value: string): void {
  buffer.writeUInt8(name.length, offset);
  buffer.writeUInt8(XATTR_INDEX_TRUSTED, offset + 1);
  buffer.writeUInt16LE(value.length, offset + 2);
  buffer.write(name, offset + XATTR_ENTRY_HEADER_BYTES, "latin1");
  buffer.write(value, offset + XATTR_ENTRY_HEADER_BYTES + name.length, "latin1");
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
