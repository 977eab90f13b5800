import { NiphasError } from "../errors.ts";
import { byteString } from "./byte-string.ts";
import { tailOf, writeHead } from "./entry-frame.ts";
import type { NarEntry } from "./event.ts";
import { paddingBytes } from "./grammar.ts";
import { headBytes, kindOf } from "./plan-layout.ts";
import { ENTRY_KIND } from "./plan-tables.ts";
import { NarTree } from "./tree.ts";

/** Puts a file's bytes from `start` to before `end` into the target of {@link NarPlan.fill}, from `at` on. */
export type FillContents = (entry: number, start: number, end: number, at: number) => void;

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
   * Fills `target` with the NAR's bytes from `start` on; those of files are `fillContents`' to put there. Costs a binary
   * search, then what is asked for.
   * @throws NiphasError InvalidRequest when the range is not inside the NAR
   */
  fill(target: Buffer, start: number, fillContents: FillContents): void {
    const { length } = target;
    this.#assertInside(start, start + length);
    const { offsets, sizes } = this.tables;
    for (let entry = this.#entryAt(start), headAt = (offsets[entry] ?? 0) - start; headAt < length; entry++) {
      const size = sizes[entry] ?? 0;
      const contentsAt = headAt + headBytes(this.tables, entry);
      const tailAt = contentsAt + size;
      const tailEnd = (offsets[entry + 1] ?? 0) - start;
      if (contentsAt > 0) this.#putHead(target, entry, headAt, contentsAt);
      const from = Math.max(0, contentsAt);
      const to = Math.min(tailAt, length);
      if (from < to) fillContents(entry, from - contentsAt, to - contentsAt, from);
      if (tailEnd > 0 && tailAt < length) place(target, tailAt, tailOf(tailEnd - tailAt, paddingBytes(size)));
      headAt = tailEnd;
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

  #putHead(target: Buffer, entry: number, start: number, end: number): void {
    if (start >= 0 && end <= target.length) {
      writeHead(this.tables, entry, target, start);
    } else {
      const head = Buffer.allocUnsafe(end - start);
      writeHead(this.tables, entry, head, 0);
      place(target, start, head);
    }
  }

  #assertInside(start: number, end: number): void {
    const isInside = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end <= this.sizeBytes;
    if (!isInside || start > end) throw new NiphasError("InvalidRequest", "the range is not inside the NAR");
  }
}

/** Puts there what of `bytes`, which begin at `at`, has room in the target. */
function place(target: Buffer, at: number, bytes: Uint8Array): void {
  const isInside = at >= 0 && at + bytes.length <= target.length;
  target.set(isInside ? bytes : bytes.subarray(Math.max(0, -at), target.length - at), Math.max(0, at));
}
