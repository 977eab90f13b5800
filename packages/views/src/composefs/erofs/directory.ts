import type { BytePath } from "../../workers/byte-path.ts";
import { BLOCK_BYTES, type EntryType, FILE_TYPE } from "./format.ts";

const ENTRY_BYTES = 12;

/** An entry whose inode may get its number later, but before the directory is written. */
export interface DirectoryEntry {
  readonly name: BytePath;
  readonly type: EntryType;
  nid: number;
}

/** A directory's entries and how they are spread over blocks. */
export interface DirectoryPlan {
  /** In the order of their names' bytes, which the kernel searches by; `.` and `..` are among them. */
  readonly entries: readonly DirectoryEntry[];
  /** For each block, the index after its last entry. */
  readonly blockEnds: readonly number[];
  readonly sizeBytes: number;
}

/** Each block holds as many entries as fit. */
export function planDirectory(children: readonly DirectoryEntry[], ownNid: number, parentNid: number): DirectoryPlan {
  const own = { name: ".", type: FILE_TYPE.directory, nid: ownNid };
  const parent = { name: "..", type: FILE_TYPE.directory, nid: parentNid };
  const entries = [own, parent, ...children].sort((a, b) => (a.name < b.name ? -1 : 1));
  const blockEnds: number[] = [];
  let usedBytes = 0;
  for (let index = 0; index < entries.length; index++) {
    const neededBytes = entryBytes(entries[index]);
    if (usedBytes + neededBytes > BLOCK_BYTES) {
      blockEnds.push(index);
      usedBytes = 0;
    }
    usedBytes += neededBytes;
  }
  const sizeBytes = blockEnds.length * BLOCK_BYTES + usedBytes;
  blockEnds.push(entries.length);
  return { entries, blockEnds, sizeBytes };
}

function entryBytes(entry: DirectoryEntry | undefined): number {
  return entry === undefined ? 0 : ENTRY_BYTES + entry.name.length;
}

/** Links to a directory: from its parent, itself and each subdirectory. find(1) relies on it. */
export function directoryLinkCount(children: readonly DirectoryEntry[]): number {
  let count = 2;
  for (const child of children) if (child.type === FILE_TYPE.directory) count++;
  return count;
}

/** The blocks, one after the other, the last one without padding. */
export function directoryData(plan: DirectoryPlan): Buffer {
  const data = Buffer.alloc(plan.sizeBytes);
  let start = 0;
  for (let block = 0; block < plan.blockEnds.length; block++) {
    const end = plan.blockEnds[block] ?? start;
    writeBlock(data, block * BLOCK_BYTES, plan.entries, start, end);
    start = end;
  }
  return data;
}

/** First the entries, each with the place of its name, then the names. */
function writeBlock(
  buffer: Buffer,
  offset: number,
  entries: readonly DirectoryEntry[],
  start: number,
  end: number,
): void {
  let nameOffset = (end - start) * ENTRY_BYTES;
  let entryOffset = offset;
  for (let index = start; index < end; index++) {
    const entry = entries[index];
    if (entry === undefined) return;
    buffer.writeUInt32LE(entry.nid, entryOffset);
    buffer.writeUInt16LE(nameOffset, entryOffset + 8);
    buffer.writeUInt8(entry.type, entryOffset + 10);
    buffer.write(entry.name, offset + nameOffset, "latin1");
    nameOffset += entry.name.length;
    entryOffset += ENTRY_BYTES;
  }
}
