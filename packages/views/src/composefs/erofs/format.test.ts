import { describe, expect, it } from "vitest";
import {
  COMPACT_INODE_BYTES,
  DATA_LAYOUT,
  EXTENDED_INODE_BYTES,
  inodeBytes,
  redirectBytes,
  singleChunkFormat,
  writeInode,
  writeRedirect,
} from "./format.ts";

describe("singleChunkFormat", () => {
  it.each([
    [1, 0],
    [4096, 0],
    [4097, 1],
    [2 ** 32, 20],
    [2 ** 32 + 1, 21],
    [2 ** 43, 31],
  ])("makes one chunk of %d bytes", (sizeBytes, expected) => {
    expect(singleChunkFormat(sizeBytes)).toBe(expected);
    expect(4096 * 2 ** expected).toBeGreaterThanOrEqual(sizeBytes);
  });
});

describe("writeInode", () => {
  const file = { mode: 0o100555, layout: DATA_LAYOUT.chunks, location: 3, xattrBytes: 36 };

  it("writes the compact form for ordinary files", () => {
    const buffer = Buffer.alloc(COMPACT_INODE_BYTES);
    writeInode(buffer, 0, { ...file, linkCount: 1, sizeBytes: 0xffff_ffff });
    expect(buffer.toString("hex")).toBe(`0800070${"06d810100"}ffffffff0000000003000000${"00".repeat(12)}`);
  });

  it("writes the extended form for large files and large directories, with the same time", () => {
    expect(inodeBytes(2 ** 32, 1)).toBe(EXTENDED_INODE_BYTES);
    expect(inodeBytes(1, 65_536)).toBe(EXTENDED_INODE_BYTES);
    const buffer = Buffer.alloc(EXTENDED_INODE_BYTES);
    writeInode(buffer, 0, { ...file, linkCount: 70_000, sizeBytes: 2 ** 32 + 5 });
    expect(buffer.readUInt16LE(0)).toBe(9);
    expect(buffer.readBigUInt64LE(8)).toBe(2n ** 32n + 5n);
    expect(buffer.readBigUInt64LE(32)).toBe(1n);
    expect(buffer.readUInt32LE(44)).toBe(70_000);
  });
});

describe("writeRedirect", () => {
  it("writes a header, the shared attribute's id and the path, padded", () => {
    const buffer = Buffer.alloc(redirectBytes(5));
    writeRedirect(buffer, 0, "h/b\xffc");
    expect(buffer.toString("latin1", 20, 36)).toBe("overlay.redirect");
    expect(buffer.toString("latin1", 36, 42)).toBe("/h/b\xffc");
    expect(buffer.length).toBe(44);
    expect(buffer.readUInt16LE(18)).toBe(6);
  });
});
