import { NiphasError } from "../errors.ts";
import {
  CLOSE,
  DIRECTORY,
  ENTRY_OPEN,
  EXECUTABLE,
  LENGTH_BYTES,
  NODE_OPEN,
  paddingBytes,
  REGULAR,
  ROOT_OPEN,
  SYMLINK,
  stringBytes,
} from "./grammar.ts";
import { ENTRY_KIND, type EntryKind, NO_ENTRY, type PlanTables } from "./plan-tables.ts";

/** What tells the kind of an entry, up to a file's size or a link's target. */
export const KIND_WORDS: Readonly<Record<EntryKind, Uint8Array>> = {
  [ENTRY_KIND.directory]: DIRECTORY,
  [ENTRY_KIND.file]: REGULAR,
  [ENTRY_KIND.executable]: EXECUTABLE,
  [ENTRY_KIND.symlink]: SYMLINK,
};

export function kindOf(tables: PlanTables, entry: number): EntryKind {
  const kind = tables.kinds[entry];
  if (kind === ENTRY_KIND.file || kind === ENTRY_KIND.executable || kind === ENTRY_KIND.symlink) return kind;
  return ENTRY_KIND.directory;
}

/** What comes before a file's bytes, and all but the tail of other entries. */
export function headBytes(tables: PlanTables, entry: number): number {
  const kind = kindOf(tables, entry);
  const nameLength = tables.nameLengths[entry] ?? 0;
  const open = entry === 0 ? ROOT_OPEN.length : ENTRY_OPEN.length + stringBytes(nameLength) + NODE_OPEN.length;
  const words = open + KIND_WORDS[kind].length;
  if (kind === ENTRY_KIND.directory) return words;
  if (kind !== ENTRY_KIND.symlink) return words + LENGTH_BYTES;
  return words + stringBytes((tables.textStarts[entry + 1] ?? 0) - (tables.textStarts[entry] ?? 0) - nameLength);
}

/** Finds where everything is in the NAR, when all else is in the tables. @throws NiphasError BadBytes above 2^53 bytes */
export function layOut(tables: PlanTables): void {
  const { count, offsets, parents, sizes } = tables;
  let at = 0;
  for (let entry = 0; entry < count; entry++) {
    offsets[entry] = at;
    const size = sizes[entry] ?? 0;
    at += headBytes(tables, entry) + size + paddingBytes(size);
    const next = parents[entry + 1] ?? NO_ENTRY;
    for (let closed = entry; closed !== next; closed = parents[closed] ?? NO_ENTRY) at += closeBytes(closed);
  }
  offsets[count] = at;
  if (!Number.isSafeInteger(at))
    throw new NiphasError("BadBytes", "this tree has no NAR: it is larger than 2^53 bytes");
}

function closeBytes(entry: number): number {
  return entry === 0 ? CLOSE.length : 2 * CLOSE.length;
}
