import type { ByteString } from "@niphas/core";

/** The same bytes as Node.js's file system functions want them: ASCII, by far the most frequent, needs no Buffer. */
export function toFsPath(path: ByteString): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, "latin1");
}

export function isAscii(text: ByteString): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what ASCII means
  return !/[^\x00-\x7f]/.test(text);
}
