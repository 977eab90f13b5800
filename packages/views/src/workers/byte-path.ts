/**
 * A file name is bytes. Inside the workers it is a string with one character
 * per byte (latin1), so that names which are not UTF-8 survive; the file system functions
 * take {@link toFsPath} of it.
 */
export type BytePath = string;

/** `utf8` is an ordinary string, such as an option of the program. */
export function toBytePath(utf8: string): BytePath {
  return isAscii(utf8) ? utf8 : Buffer.from(utf8, "utf8").toString("latin1");
}

/** The same bytes as Node.js's file system functions want them: ASCII, by far the most frequent, needs no Buffer. */
export function toFsPath(path: BytePath): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, "latin1");
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what ASCII means
  return !/[^\x00-\x7f]/.test(text);
}
