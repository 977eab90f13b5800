import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DirectoryEntry, directoryData, directoryLinkCount, planDirectory } from "./directory.ts";
import { BLOCK_BYTES, FILE_TYPE } from "./format.ts";

const name = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 1 : byte))).toString("latin1"))
  .filter((text) => text !== "." && text !== "..");
const child = fc.record({ name, type: fc.constantFrom(...Object.values(FILE_TYPE)), nid: fc.nat() });
const children = fc.uniqueArray(child, { selector: (each) => each.name, maxLength: 200 });

describe("a directory's data", () => {
  it("gives every entry back, with itself and its parent, in the order of bytes", () => {
    fc.assert(
      fc.property(children, fc.nat(), fc.nat(), (entries, ownNid, parentNid) => {
        const data = directoryData(planDirectory(entries, ownNid, parentNid));
        const expected = [
          { name: ".", type: FILE_TYPE.directory, nid: ownNid },
          { name: "..", type: FILE_TYPE.directory, nid: parentNid },
          ...entries,
        ].sort((a, b) => Buffer.compare(Buffer.from(a.name, "latin1"), Buffer.from(b.name, "latin1")));
        expect(readDirectory(data)).toEqual(expected);
      }),
    );
  });

  it("begins a block when an entry does not fit any more", () => {
    const entries = Array.from({ length: 50 }, (_, nid) => ({
      name: `${String(nid).padStart(3, "0")}${"x".repeat(240)}`,
      type: FILE_TYPE.file,
      nid,
    }));
    const plan = planDirectory(entries, 1, 2);
    expect(plan.blockEnds).toEqual([17, 33, 49, 52]);
    expect(plan.sizeBytes).toBe(3 * BLOCK_BYTES + 3 * 255);
  });

  it("counts the links that subdirectories make", () => {
    const types = [FILE_TYPE.file, FILE_TYPE.directory, FILE_TYPE.symlink, FILE_TYPE.directory];
    expect(directoryLinkCount(types.map((type, nid) => ({ name: `${nid}`, type, nid })))).toBe(4);
  });
});

/** As the kernel reads it: a name ends where the next one begins, the last one at a zero byte or the end. */
function readDirectory(data: Buffer): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  for (let start = 0; start < data.length; start += BLOCK_BYTES) {
    const block = data.subarray(start, start + BLOCK_BYTES);
    const count = block.readUInt16LE(8) / 12;
    for (let index = 0; index < count; index++) {
      const entry = block.subarray(index * 12);
      const end = index + 1 < count ? entry.readUInt16LE(20) : block.length;
      const text = block.toString("latin1", entry.readUInt16LE(8), end);
      const type = Object.values(FILE_TYPE).find((each) => each === entry.readUInt8(10)) ?? FILE_TYPE.file;
      entries.push({ name: text.replace(/\0+$/, ""), type, nid: Number(entry.readBigUInt64LE(0)) });
    }
  }
  return entries;
}
