import { readFileSync } from "node:fs";
import type { MountEntry } from "@niphas/views";

/**
 * Reads a mountinfo file with no help from the code under test.
 * Format: proc_pid_mountinfo(5). `pid` may be `self` or a process in another mount namespace.
 */
export function readMountTable(pid: number | "self" = "self"): readonly MountEntry[] {
  return parseMountTable(readFileSync(`/proc/${pid}/mountinfo`, "utf8"));
}

/** The text of a mountinfo file. */
export function parseMountTable(text: string): readonly MountEntry[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(parseMountLine);
}

/** The mounts at or below `directory`, in the order of the table. */
export function mountsBelow(directory: string, pid: number | "self" = "self"): readonly MountEntry[] {
  return readMountTable(pid).filter(
    (entry) => entry.mountPoint === directory || entry.mountPoint.startsWith(`${directory}/`),
  );
}

/** The mounts stacked exactly at `path`, lowest first. */
export function mountsAt(path: string, pid: number | "self" = "self"): readonly MountEntry[] {
  return readMountTable(pid).filter((entry) => entry.mountPoint === path);
}

function parseMountLine(line: string): MountEntry {
  const [left = "", right = ""] = line.split(" - ");
  const [mountId, parentId, device = "", root = "", mountPoint = "", options = ""] = left.split(" ");
  const [fileSystemType = "", source = ""] = right.split(" ");
  return {
    mountId: Number(mountId),
    parentId: Number(parentId),
    device,
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    options: options.split(","),
    fileSystemType,
    source: unescapeOctal(source),
  };
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
