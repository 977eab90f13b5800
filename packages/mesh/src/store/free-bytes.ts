const freeable = new WeakSet<ArrayBufferLike>();

/** Whoever gets these bytes next is the only one who has their buffer, and may free it. */
export function giveAway(bytes: Uint8Array): void {
  freeable.add(bytes.buffer);
}

/**
 * Frees a chunk's memory now; nobody may look at it after. Node.js gives memory like this back only in a collection of
 * the whole heap, and does one for every 16 to 64 MiB of it, which costs more than reading files. For chunks of
 * `LocalStore.nar`; others, and parts of them, are left alone.
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  // One byte more has what was read from a file.
  const isWhole = bytes.byteOffset === 0 && buffer.byteLength - bytes.byteLength <= 1;
  if (isWhole && buffer instanceof ArrayBuffer && freeable.delete(buffer)) buffer.transfer(0);
}
