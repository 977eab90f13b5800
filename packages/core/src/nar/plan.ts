import { NiphasError } from "../errors.ts";
import { byteString } from "./byte-string.ts";
import type { NarEntry } from "./event.ts";
import { CLOSE, ENTRY_OPEN, NODE_OPEN, paddingBytes, ROOT_OPEN, writeLength } from "./grammar.ts";
import { headBytes, KIND_WORDS, kindOf } from "./plan-layout.ts";
import { ENTRY_KIND } from "./plan-tables.ts";
import { NarTree } from "./tree.ts";

/** Bytes of a NAR: given, or those of a file of the tree from `start` to before `end`. */
export type NarSegment =
  | { readonly kind: "literal"; readonly bytes: Uint8Array }
  | { readonly kind: "contents"; readonly entry: number; readonly start: number; readonly end: number };

/**
 * The NAR of a tree without its files' bytes: where everything is. What belongs to an entry lies together: its head, a
 * file's bytes, its tail, which also closes the directories that end with it.
 */
export class NarPlan extends NarTree {
  /** Of the whole NAR. */
  get sizeBytes(): number {
    return this.tables.offsets[this.tables.count] ?? 0;
  }

  /** Size of a file; 0 for other entries. */
  fileSizeBytes(entry: number): number {
    return this.tables.sizes[entry] ?? 0;
  }

  /**
   * The bytes from `start` to before `end`, in order: a binary search, then what is asked for.
   * @throws NiphasError InvalidRequest when the range is not inside the NAR
   */
  *segments(start: number, end: number): Generator<NarSegment> {
    this.#assertInside(start, end);
    if (start === end) return;
    const { offsets, sizes, count } = this.tables;
    for (let entry = this.#entryAt(start); entry < count; entry++) {
      const headAt = offsets[entry] ?? 0;
      if (headAt >= end) return;
      const contentsAt = headAt + headBytes(this.tables, entry);
      const size = sizes[entry] ?? 0;
      const tailAt = contentsAt + size;
      if (start < contentsAt) yield { kind: "literal", bytes: clip(this.#head(entry), headAt, start, end) };
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

  /** The tree, as `NarReader` tells of it. */
  *entries(): Generator<NarEntry> {
    const open: number[] = [];
    for (let entry = 0; entry < this.entryCount; entry++) {
      const parent = this.parentOf(entry);
      while (open.length > 0 && open.at(-1) !== parent) {
        open.pop();
        yield { kind: "leave" };
      }
      const described = this.#describe(entry);
      if (described.kind === "directory") open.push(entry);
      yield described;
    }
    for (const _each of open) yield { kind: "leave" };
  }

  #describe(entry: number): NarEntry {
    const name = this.nameOf(entry);
    const kind = kindOf(this.tables, entry);
    if (kind === ENTRY_KIND.directory) return { kind: "directory", name };
    if (kind === ENTRY_KIND.symlink) return { kind: "symlink", name, target: byteString(this.targetBytes(entry)) };
    const narOffset = (this.tables.offsets[entry] ?? 0) + headBytes(this.tables, entry);
    const isExecutable = kind === ENTRY_KIND.executable;
    return { kind: "file", name, sizeBytes: this.fileSizeBytes(entry), isExecutable, narOffset };
  }

  /** The last entry that begins at or before `offset`. */
  #entryAt(offset: number): number {
    const { offsets, count } = this.tables;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((offsets[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #head(entry: number): Uint8Array {
    const head = Buffer.allocUnsafe(headBytes(this.tables, entry));
    const kind = kindOf(this.tables, entry);
    const at = write(head, this.#writeOpen(head, entry), KIND_WORDS[kind]);
    if (kind === ENTRY_KIND.symlink) writeString(head, at, this.targetBytes(entry));
    else if (kind !== ENTRY_KIND.directory) writeLength(head, at, this.fileSizeBytes(entry));
    return head;
  }

  #writeOpen(head: Buffer, entry: number): number {
    if (entry === 0) return write(head, 0, ROOT_OPEN);
    const at = writeString(head, write(head, 0, ENTRY_OPEN), this.nameBytes(entry));
    return write(head, at, NODE_OPEN);
  }

  #assertInside(start: number, end: number): void {
    const isInside = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end <= this.sizeBytes;
    if (!isInside || start > end) throw new NiphasError("InvalidRequest", "the range is not inside the NAR");
  }
}

/** Those of almost all files: padding, and an end that closes no directory. */
const FILE_TAILS = Array.from({ length: 8 }, (_, padding) => makeTail(padding + 2 * CLOSE.length, padding));

/** Padding, then as many closing brackets as there is room for. */
function tail(length: number, padding: number): Uint8Array {
  const known = FILE_TAILS[padding];
  return known?.length === length ? known : makeTail(length, padding);
}

function makeTail(length: number, padding: number): Uint8Array {
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
