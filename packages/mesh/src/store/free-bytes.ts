/**
 * Frees a chunk's memory now; nobody may look at it after. Node.js gives memory like this back only in a collection of
 * the whole heap, and does one for every 16 to 64 MiB of it, which costs more than reading files. For chunks that have
 * a buffer of their own, such as those of `LocalStore.nar`; others are left alone.
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  // A buffer that is larger belongs to others, too; one byte more has what was read from a file.
  const isAlone = bytes.byteOffset === 0 && buffer.byteLength - bytes.byteLength <= 1;
  if (isAlone && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
