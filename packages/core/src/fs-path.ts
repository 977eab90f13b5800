/**
 * A path of bytes, which is a string with one character for each (latin1), as Node.js's file system functions want it:
 * ASCII, by far the most frequent, needs no Buffer.
 */
export function toFsPath(path: string): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, "latin1");
}

/** Whether these bytes are the same in UTF-8. */
export function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what ASCII means
  return !/[^\x00-\x7f]/.test(text);
}
