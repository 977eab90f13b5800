import { createReadStream, statSync } from "node:fs";

interface EntryBase {
  /** Without a leading slash. */
  readonly path: string;
  /** Permission bits. Default 0755 for directories, 0644 for files. */
  readonly mode?: number;
  /** @default 0 */
  readonly uid?: number;
  /** @default 0 */
  readonly gid?: number;
}

export interface DirectoryEntry extends EntryBase {
  readonly type: "directory";
}

export interface SymlinkEntry extends EntryBase {
  readonly type: "symlink";
  readonly target: string;
}

/** A file whose bytes are given, or lie in the file `source`. */
export type FileEntry = EntryBase & { readonly type: "file" } & (
    | { readonly content: string | Uint8Array }
    | { readonly source: string }
  );

export type TarEntry = DirectoryEntry | SymlinkEntry | FileEntry;

const BLOCK_BYTES = 512;
const MAX_FIELD_BYTES = 100;
const TYPE_FLAGS = { file: "0", symlink: "2", directory: "5", extension: "x" } as const;
const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;

/**
 * A tar archive of the entries in the order given, the same bytes for the same entries: every time stamp is 0. POSIX
 * ustar, with pax extensions for long names: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export async function* tarArchive(entries: Iterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    yield* longNames(entry);
    const sizeBytes = entrySizeBytes(entry);
    yield header(entry, TYPE_FLAGS[entry.type], sizeBytes);
    if (entry.type === "file") yield* content(entry);
    yield padding(sizeBytes);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

function entrySizeBytes(entry: TarEntry): number {
  if (entry.type !== "file") return 0;
  return "source" in entry ? statSync(entry.source).size : Buffer.from(entry.content).length;
}

async function* content(entry: FileEntry): AsyncGenerator<Uint8Array> {
  if ("source" in entry) yield* createReadStream(entry.source);
  else yield Buffer.from(entry.content);
}

/** A pax header in front of an entry whose name or target does not fit into its own. */
function* longNames(entry: TarEntry): Generator<Uint8Array> {
  const records = [record("path", archivedPath(entry)), record("linkpath", linkTarget(entry))].join("");
  if (records === "") return;
  const sizeBytes = Buffer.byteLength(records);
  yield header({ type: "file", path: "PaxHeader", content: "" }, TYPE_FLAGS.extension, sizeBytes);
  yield Buffer.from(records);
  yield padding(sizeBytes);
}

/** `<length of all this> <key>=<value>\n`, or nothing when the value is short. */
function record(key: string, value: string): string {
  if (Buffer.byteLength(value) <= MAX_FIELD_BYTES) return "";
  const rest = ` ${key}=${value}\n`;
  const restBytes = Buffer.byteLength(rest);
  let lengthBytes = restBytes;
  while (lengthBytes !== restBytes + String(lengthBytes).length) lengthBytes = restBytes + String(lengthBytes).length;
  return `${lengthBytes}${rest}`;
}

function header(entry: TarEntry, typeFlag: string, sizeBytes: number): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES);
  const text = (offset: number, value: string, maxBytes: number): unknown =>
    block.set(Buffer.from(value).subarray(0, maxBytes), offset);
  const octal = (offset: number, value: number, digits: number): unknown =>
    text(offset, value.toString(8).padStart(digits, "0"), digits);
  text(0, archivedPath(entry), MAX_FIELD_BYTES);
  octal(100, entry.mode ?? (entry.type === "directory" ? DIRECTORY_MODE : FILE_MODE), 7);
  octal(108, entry.uid ?? 0, 7);
  octal(116, entry.gid ?? 0, 7);
  octal(124, sizeBytes, 11);
  octal(136, 0, 11);
  text(148, " ".repeat(8), 8);
  text(156, typeFlag, 1);
  text(157, linkTarget(entry), MAX_FIELD_BYTES);
  text(257, "ustar\u000000", 8);
  octal(148, checksum(block), 6);
  block[154] = 0;
  return block;
}

function archivedPath(entry: TarEntry): string {
  return entry.type === "directory" ? `${entry.path}/` : entry.path;
}

function linkTarget(entry: TarEntry): string {
  return entry.type === "symlink" ? entry.target : "";
}

function checksum(block: Uint8Array): number {
  return block.reduce((sum, byte) => sum + byte, 0);
}

function padding(sizeBytes: number): Uint8Array {
  return Buffer.alloc((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);
}
