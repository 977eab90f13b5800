import { isAscii } from "@niphas/core";

/**
 * A file name is bytes. Inside the workers it is a string with one character
 * per byte (latin1), so that names which are not UTF-8 survive; the file system functions
 * take `toFsPath` of it.
 */
export type BytePath = string;

/** `utf8` is an ordinary string, such as an option of the program. */
export function toBytePath(utf8: string): BytePath {
  return isAscii(utf8) ? utf8 : Buffer.from(utf8, "utf8").toString("latin1");
}
