/**
 * The blocks of an image, shared by all workers that write to it. Lives in a
 * SharedArrayBuffer: whoever needs room takes the next blocks, so places are known at once and nothing moves.
 */
const NEXT_BLOCK = 0;
const INODE_COUNT = 1;
const FIELDS = 2;

/** The first block is taken from the start. */
export function createImageSpace(): SharedArrayBuffer {
  const space = new SharedArrayBuffer(FIELDS * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(space)[NEXT_BLOCK] = 1;
  return space;
}

/** The number of the first of `count` blocks that now belong to the caller. */
export function takeBlocks(space: SharedArrayBuffer, count: number): number {
  return Atomics.add(new Int32Array(space), NEXT_BLOCK, count);
}

export function countInodes(space: SharedArrayBuffer, count: number): void {
  Atomics.add(new Int32Array(space), INODE_COUNT, count);
}

export function imageCounts(space: SharedArrayBuffer): { readonly blocks: number; readonly inodes: number } {
  const fields = new Int32Array(space);
  return { blocks: Atomics.load(fields, NEXT_BLOCK), inodes: Atomics.load(fields, INODE_COUNT) };
}
