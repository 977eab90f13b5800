import { NiphasError } from "@niphas/core";
import type { MountEntry } from "../ports.ts";

/** What the kernel appends to `root` when the directory behind a mount has been removed. fs/d_path.c */
const DELETED_MARK = "//deleted";

/**
 * Reads the text of /proc/self/mountinfo, in its order: later entries lie on top of earlier ones.
 * `root` keeps the kernel's `//deleted` mark; see {@link isDeleted} and {@link rootDirectory}.
 * Format: proc_pid_mountinfo(5).
 * @throws NiphasError Internal when a line is not of that format: a mount that is overlooked could be lost
 */
export function parseMountinfo(text: string): readonly MountEntry[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(parseLine);
}

/**
 * Whether what is mounted at `path` (absolute, without symbolic links) would
 * appear in other mount namespaces: the mount that holds it is in a peer group.
 */
export function isSharedMount(text: string, path: string): boolean {
  const lines = text.split("\n").filter((line) => line !== "");
  const holding = lines.filter((line) => isBelow(path, parseLine(line).mountPoint));
  const length = (line: string): number => parseLine(line).mountPoint.length;
  // Of two mounts on one directory the later one is on top.
  const [deepest] = holding.reverse().sort((a, b) => length(b) - length(a));
  return deepest === undefined || /^(?:\S+ ){6}(?:\S+ )*?shared:\d+ (?:\S+ )*?- /.test(deepest);
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/** Whether the directory that the mount shows has been removed. */
export function isDeleted(entry: Pick<MountEntry, "root">): boolean {
  return entry.root.endsWith(DELETED_MARK);
}

/** The directory that forms the root of the mount, without the kernel's `//deleted` mark. */
export function rootDirectory(entry: Pick<MountEntry, "root">): string {
  return isDeleted(entry) ? entry.root.slice(0, -DELETED_MARK.length) : entry.root;
}

/** Writes `\040` and the like for the bytes that the kernel escapes. fs/proc_namespace.c */
export function escapeMountField(text: string): string {
  return text.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

function parseLine(line: string): MountEntry {
  const fields = line.split(" ");
  // Between the options and the dash lie zero or more optional fields.
  const dash = fields.indexOf("-", 6);
  const [id = "", parent = "", device = "", root = "", mountPoint = "", options = ""] = fields;
  const [type, source] = fields.slice(dash + 1);
  if (dash < 0 || type === undefined || source === undefined) throw unreadable();
  if (!/^\d+$/.test(id) || !/^\d+$/.test(parent) || !/^\d+:\d+$/.test(device)) throw unreadable();
  return {
    mountId: Number(id),
    parentId: Number(parent),
    device,
    root: decodeField(root),
    mountPoint: decodeField(mountPoint),
    options: options.split(","),
    fileSystemType: decodeField(type),
    source: decodeField(source),
  };
}

function decodeField(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function unreadable(): NiphasError {
  return new NiphasError("Internal", "the kernel's mount table has a line of unknown format");
}
