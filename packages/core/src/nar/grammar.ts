/**
 * The words of a NAR. Source: libutil/archive.cc, and "Nix Archive (NAR) format" of Nix's manual:
 *
 *     nar       = str("nix-archive-1") node
 *     node      = str("(") str("type") (regular | symlink | directory) str(")")
 *     regular   = str("regular") [str("executable") str("")] str("contents") str(bytes)
 *     symlink   = str("symlink") str("target") str(bytes)
 *     directory = str("directory") { str("entry") str("(") str("name") str(bytes) str("node") node str(")") }
 *     str(s)    = length as 64 bits, little-endian; the bytes; zeros up to a multiple of 8
 */
import type { ByteString } from "./byte-string.ts";

export const MAGIC = "nix-archive-1";

/** The longest name that Linux takes for a file. */
export const MAX_NAME_BYTES = 255;
/** The longest target that Linux takes for a symbolic link. */
export const MAX_TARGET_BYTES = 4095;
/** More directories inside each other cannot be named: Linux takes paths of 4,095 bytes. */
export const MAX_DEPTH = 2048;

export const LENGTH_BYTES = 8;
export const CLOSE = words(")");
export const ROOT_OPEN = words(MAGIC, "(", "type");
/** Before an entry's name. */
export const ENTRY_OPEN = words("entry", "(", "name");
/** After it. */
export const NODE_OPEN = words("node", "(", "type");
/** Before a file's size. */
export const REGULAR = words("regular", "contents");
export const EXECUTABLE = words("regular", "executable", "", "contents");
/** Before the target. */
export const SYMLINK = words("symlink", "target");
export const DIRECTORY = words("directory");

/** Zeros after a string of `length` bytes. */
export function paddingBytes(length: number): number {
  return (8 - (length % 8)) % 8;
}

/** Size of `str` of `length` bytes. */
export function stringBytes(length: number): number {
  return LENGTH_BYTES + length + paddingBytes(length);
}

/** Whether a directory may hold an entry of this name. */
export function isEntryName(name: ByteString): boolean {
  if (name.length === 0 || name.length > MAX_NAME_BYTES || name === "." || name === "..") return false;
  return !(name.includes("/") || name.includes("\0"));
}

/** Whether a symbolic link can lead there: Linux knows no empty ones. */
export function isLinkTarget(target: ByteString): boolean {
  return target.length > 0 && target.length <= MAX_TARGET_BYTES && !target.includes("\0");
}

/** Writes a length; exact up to 2^53 - 1. @returns where it ends */
export function writeLength(target: Buffer, at: number, length: number): number {
  target.writeUInt32LE(length % 2 ** 32, at);
  return target.writeUInt32LE(Math.floor(length / 2 ** 32), at + 4);
}

function words(...texts: readonly string[]): Uint8Array {
  const bytes = Buffer.alloc(texts.reduce((sum, text) => sum + stringBytes(text.length), 0));
  let at = 0;
  for (const text of texts) {
    bytes.write(text, writeLength(bytes, at, text.length), "latin1");
    at += stringBytes(text.length);
  }
  return bytes;
}
