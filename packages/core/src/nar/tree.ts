import { type ByteString, fromLatin1 } from "./byte-string.ts";
import { NO_ENTRY, type PlanTables, tablesIn } from "./plan-tables.ts";

/** Of the names around the last one: one call for each name would cost several times as much. */
const WINDOW_BYTES = 4096;

/** The entries of a tree, in the order of its NAR, by number; the root is 0. */
export class NarTree {
  protected readonly tables: PlanTables;
  #window = "";
  #windowStart = 0;

  /** `buffer` is that of another tree; they share it. The first one comes from `NarPlanBuilder`. */
  constructor(buffer: SharedArrayBuffer) {
    this.tables = tablesIn(buffer);
  }

  get buffer(): SharedArrayBuffer {
    return this.tables.buffer;
  }

  get entryCount(): number {
    return this.tables.count;
  }

  nameOf(entry: number): ByteString {
    const start = this.tables.textStarts[entry] ?? 0;
    const end = start + (this.tables.nameLengths[entry] ?? 0);
    if (start < this.#windowStart || end > this.#windowStart + this.#window.length) {
      this.#window = this.tables.text.toString("latin1", start, start + WINDOW_BYTES);
      this.#windowStart = start;
    }
    return fromLatin1(this.#window.slice(start - this.#windowStart, end - this.#windowStart));
  }

  /** The directory that holds an entry; undefined for the root. */
  parentOf(entry: number): number | undefined {
    const parent = this.tables.parents[entry] ?? NO_ENTRY;
    return parent === NO_ENTRY ? undefined : parent;
  }

  /** Names from the root down to an entry, with `/` between them; empty for the root. */
  pathOf(entry: number): ByteString {
    const names: string[] = [];
    for (let at = entry; this.parentOf(at) !== undefined; at = this.parentOf(at) ?? 0) names.push(this.nameOf(at));
    return names.reverse().join("/") as ByteString;
  }

  protected targetBytes(entry: number): Uint8Array {
    const { textStarts, nameLengths, text } = this.tables;
    return text.subarray((textStarts[entry] ?? 0) + (nameLengths[entry] ?? 0), textStarts[entry + 1]);
  }
}
