/** What an entry of a plan is. */
export const ENTRY_KIND = { directory: 0, file: 1, executable: 2, symlink: 3 } as const;
export type EntryKind = (typeof ENTRY_KIND)[keyof typeof ENTRY_KIND];

/** The parent of the root. */
export const NO_ENTRY = 0xffff_ffff;

const HEADER_BYTES = 16;
const BYTES_PER_ENTRY = 26;
/** Each of the two lists that have one element more. */
const EXTRA_BYTES = 12;

/**
 * The entries of a tree in the order of its NAR, as columns of one buffer: about 26 bytes for each entry, and its name.
 * The buffer is shared memory, so that threads have it without a copy.
 */
export interface PlanTables {
  readonly buffer: SharedArrayBuffer;
  readonly count: number;
  /** Where in the NAR what belongs to an entry begins; one more, for the end. */
  readonly offsets: Float64Array;
  /** Of files; 0 for others. */
  readonly sizes: Float64Array;
  readonly parents: Uint32Array;
  /** Where in `text` name and link target are; one more, for the end. */
  readonly textStarts: Uint32Array;
  readonly nameLengths: Uint8Array;
  readonly kinds: Uint8Array;
  readonly text: Buffer;
}

export function allocateTables(count: number, textBytes: number): PlanTables {
  const buffer = new SharedArrayBuffer(HEADER_BYTES + EXTRA_BYTES + count * BYTES_PER_ENTRY + textBytes);
  new Uint32Array(buffer, 0, 2).set([count, textBytes]);
  return tablesIn(buffer);
}

/** The columns of a buffer that {@link allocateTables} made, perhaps in another thread. */
export function tablesIn(buffer: SharedArrayBuffer): PlanTables {
  const [count = 0, textBytes = 0] = new Uint32Array(buffer, 0, 2);
  const sizesAt = HEADER_BYTES + 8 * (count + 1);
  const parentsAt = sizesAt + 8 * count;
  const textStartsAt = parentsAt + 4 * count;
  const nameLengthsAt = textStartsAt + 4 * (count + 1);
  const kindsAt = nameLengthsAt + count;
  return {
    buffer,
    count,
    offsets: new Float64Array(buffer, HEADER_BYTES, count + 1),
    sizes: new Float64Array(buffer, sizesAt, count),
    parents: new Uint32Array(buffer, parentsAt, count),
    textStarts: new Uint32Array(buffer, textStartsAt, count + 1),
    nameLengths: new Uint8Array(buffer, nameLengthsAt, count),
    kinds: new Uint8Array(buffer, kindsAt, count),
    text: Buffer.from(buffer, kindsAt + count, textBytes),
  };
}
