import { NiphasError } from "../errors.ts";
import { type ByteString, byteString } from "./byte-string.ts";
import type { NarEntry } from "./event.ts";
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
  writeLength,
} from "./grammar.ts";
import { ENTRY_KIND, NO_ENTRY, type PlanTables, tablesIn } from "./plan-tables.ts";

/** Bytes of a NAR: given, or those of a file of the tree from `start` to before `end`. */
export type NarSegment =
  | { readonly kind: "literal"; readonly bytes: Uint8Array }
  | { readonly kind: "contents"; readonly entry: number; readonly start: number; readonly end: number };

const KIND_WORDS = {
  [ENTRY_KIND.directory]: DIRECTORY,
  [ENTRY_KIND.file]: REGULAR,
  [ENTRY_KIND.executable]: EXECUTABLE,
  [ENTRY_KIND.symlink]: SYMLINK,
} as const;

/**
 * The NAR of a tree without its files' bytes: where everything is. What belongs to an entry lies together: its head, a
 * file's bytes, its tail, which also closes the directories that end with it.
 */
export class NarPlan {
  readonly #tables: PlanTables;

  /** `buffer` is that of another plan; they share it. Others come from `NarPlanBuilder`. */
  constructor(buffer: SharedArrayBuffer) {
    this.#tables = tablesIn(buffer);
  }

  get buffer(): SharedArrayBuffer {
    return this.#tables.buffer;
  }

  /** Of the whole NAR. */
  get sizeBytes(): number {
    return this.#tables.offsets[this.#tables.count] ?? 0;
  }

  get entryCount(): number {
    return this.#tables.count;
  }

  /** Size of a file; 0 for other entries. */
  fileSizeBytes(entry: number): number {
    return this.#tables.sizes[entry] ?? 0;
  }

  /** Names from the root down to an entry, with `/` between them; empty for the root. */
  pathOf(entry: number): ByteString {
    const names: string[] = [];
    for (let at = entry; this.parentOf(at) !== undefined; at = this.parentOf(at) ?? 0) names.push(this.nameOf(at));
    return names.reverse().join("/") as ByteString;
  }

  /** The directory that holds an entry; undefined for the root. */
  parentOf(entry: number): number | undefined {
    const parent = this.#tables.parents[entry] ?? NO_ENTRY;
    return parent === NO_ENTRY ? undefined : parent;
  }

  nameOf(entry: number): ByteString {
    return byteString(this.#nameBytes(entry));
  }

  /**
   * The bytes from `start` to before `end`, in order: a binary search, then what is asked for.
   * @throws NiphasError InvalidRequest when the range is not inside the NAR
   */
  *segments(start: number, end: number): Generator<NarSegment> {
    this.#assertInside(start, end);
    if (start === end) return;
    const { offsets, sizes, count } = this.#tables;
    for (let entry = this.#entryAt(start); entry < count; entry++) {
      const headAt = offsets[entry] ?? 0;
      if (headAt >= end) return;
      const head = this.#head(entry);
      const contentsAt = headAt + head.length;
      const size = sizes[entry] ?? 0;
      const tailAt = contentsAt + size;
      if (start < contentsAt) yield { kind: "literal", bytes: clip(head, headAt, start, end) };
      if (size > 0 && start < tailAt && end > contentsAt) {
        const from = Math.max(start, contentsAt) - contentsAt;
        yield { kind: "contents", entry, start: from, end: Math.min(end, tailAt) - contentsAt };
      }
      const tailEnd = offsets[entry + 1] ?? 0;
      if (tailAt < tailEnd && start < tailEnd && end > tailAt) {
        yield { kind: "literal", bytes: clip(tail(tailEnd - tailAt, paddingBytes(size)), tailAt, start, end) };
      }
    }
  }

  /** The tree, as {@link NarReader} tells of it. */
  *entries(): Generator<NarEntry> {
    const { count, offsets } = this.#tables;
    const open: number[] = [];
    for (let entry = 0; entry < count; entry++) {
      const parent = this.parentOf(entry);
      while (open.length > 0 && open.at(-1) !== parent) {
        open.pop();
        yield { kind: "leave" };
      }
      const described = this.#describe(entry, offsets[entry] ?? 0);
      if (described.kind === "directory") open.push(entry);
      yield described;
    }
    for (const _each of open) yield { kind: "leave" };
  }

  #describe(entry: number, offset: number): NarEntry {
    const { kinds, sizes, textStarts, nameLengths, text } = this.#tables;
    const name = this.nameOf(entry);
    const kind = kinds[entry];
    if (kind === ENTRY_KIND.directory) return { kind: "directory", name };
    if (kind === ENTRY_KIND.symlink) {
      const targetAt = (textStarts[entry] ?? 0) + (nameLengths[entry] ?? 0);
      return { kind: "symlink", name, target: byteString(text.subarray(targetAt, textStarts[entry + 1])) };
    }
    const isExecutable = kind === ENTRY_KIND.executable;
    return {
      kind: "file",
      name,
      sizeBytes: sizes[entry] ?? 0,
      isExecutable,
      narOffset: offset + this.#headBytes(entry),
    };
  }

  /** The last entry that begins at or before `offset`. */
  #entryAt(offset: number): number {
    const { offsets, count } = this.#tables;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((offsets[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #headBytes(entry: number): number {
    const { kinds, nameLengths, textStarts } = this.#tables;
    const kind = kindOf(kinds[entry]);
    const nameLength = nameLengths[entry] ?? 0;
    const open = entry === 0 ? ROOT_OPEN.length : ENTRY_OPEN.length + stringBytes(nameLength) + NODE_OPEN.length;
    const words = open + KIND_WORDS[kind].length;
    if (kind === ENTRY_KIND.directory) return words;
    if (kind !== ENTRY_KIND.symlink) return words + LENGTH_BYTES;
    return words + stringBytes((textStarts[entry + 1] ?? 0) - (textStarts[entry] ?? 0) - nameLength);
  }

  /** What comes before the file's bytes, and all but the tail of other entries. */
  #head(entry: number): Uint8Array {
    const { kinds, sizes, textStarts, nameLengths, text } = this.#tables;
    const head = Buffer.allocUnsafe(this.#headBytes(entry));
    const kind = kindOf(kinds[entry]);
    let at = this.#writeOpen(head, entry);
    at = write(head, at, KIND_WORDS[kind]);
    if (kind === ENTRY_KIND.symlink) {
      const targetAt = (textStarts[entry] ?? 0) + (nameLengths[entry] ?? 0);
      writeString(head, at, text.subarray(targetAt, textStarts[entry + 1]));
    } else if (kind !== ENTRY_KIND.directory) {
      writeLength(head, at, sizes[entry] ?? 0);
    }
    return head;
  }

  #writeOpen(head: Buffer, entry: number): number {
    if (entry === 0) return write(head, 0, ROOT_OPEN);
    const at = writeString(head, write(head, 0, ENTRY_OPEN), this.#nameBytes(entry));
    return write(head, at, NODE_OPEN);
  }

  #nameBytes(entry: number): Uint8Array {
    const { textStarts, nameLengths, text } = this.#tables;
    const start = textStarts[entry] ?? 0;
    return text.subarray(start, start + (nameLengths[entry] ?? 0));
  }

  #assertInside(start: number, end: number): void {
    const isInside = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end <= this.sizeBytes;
    if (!isInside || start > end) throw new NiphasError("InvalidRequest", "the range is not inside the NAR");
  }
}

function kindOf(value: number | undefined): keyof typeof KIND_WORDS {
  if (value === ENTRY_KIND.file || value === ENTRY_KIND.executable || value === ENTRY_KIND.symlink) return value;
  return ENTRY_KIND.directory;
}

/** Padding, then as many closing brackets as there is room for. */
function tail(length: number, padding: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(length).fill(0, 0, padding);
  for (let at = padding; at < length; at += CLOSE.length) bytes.set(CLOSE, at);
  return bytes;
}

/** What of `bytes`, which lie at `at`, is inside the range. */
function clip(bytes: Uint8Array, at: number, start: number, end: number): Uint8Array {
  if (at >= start && at + bytes.length <= end) return bytes;
  return bytes.subarray(Math.max(0, start - at), Math.max(0, end - at));
}

function write(target: Buffer, at: number, bytes: Uint8Array): number {
  target.set(bytes, at);
  return at + bytes.length;
}

function writeString(target: Buffer, at: number, bytes: Uint8Array): number {
  const end = write(target, writeLength(target, at, bytes.length), bytes);
  const padding = paddingBytes(bytes.length);
  target.fill(0, end, end + padding);
  return end + padding;
}
