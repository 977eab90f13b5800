import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BLOCK_BYTES, SLOT_BYTES } from "./format.ts";
import { createImageSpace, imageCounts } from "./image-space.ts";
import { ImageWriter } from "./image-writer.ts";

let dir: string;
let fd: number;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "niphas-image-"));
  fd = openSync(join(dir, "image"), "wx+");
});

afterEach(() => {
  closeSync(fd);
  rmSync(dir, { recursive: true });
});

describe("ImageWriter", () => {
  it("writes the blocks that inodes are in, and leaves the rest of its room a hole", () => {
    const space = createImageSpace();
    const writer = new ImageWriter(fd, space);
    const nid = writer.addFile(5, 0o100444, "payload");
    writer.end();
    expect(fstatSync(fd).size).toBe(2 * BLOCK_BYTES);
    expect(imageCounts(space)).toEqual({ blocks: 65, inodes: 1 });
    expect(
      readFileSync(join(dir, "image"))
        .subarray(nid * SLOT_BYTES)
        .includes("payload"),
    ).toBe(true);
  });

  it("writes every inode of many extents, also one that a directory was closed into late", () => {
    const writer = new ImageWriter(fd, createImageSpace());
    const directory = writer.openDirectory([], 1);
    const nids = Array.from({ length: 5000 }, (_, index) => ({
      index,
      nid: writer.addFile(5, 0o100444, `f-${index}-`),
    }));
    writer.closeDirectory(directory);
    writer.end();
    const image = readFileSync(join(dir, "image"));
    const at = (nid: number) => image.subarray(nid * SLOT_BYTES, nid * SLOT_BYTES + 256);
    expect(nids.filter(({ index, nid }) => !at(nid).includes(`f-${index}-`))).toEqual([]);
    expect(
      at(directory.nid)
        .subarray(0, 64)
        .some((byte) => byte !== 0),
    ).toBe(true);
  });
});
