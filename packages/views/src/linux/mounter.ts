import { readFileSync } from "node:fs";
import { NiphasError, systemErrorCode } from "@niphas/core";
import type { MountEntry, Mounter } from "../ports.ts";
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  closeFd,
  type FileIdentity,
  fileSystemFlags,
  MNT_DETACH,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_PRIVATE,
  mountSetAttributes,
  moveMount,
  OPEN_TREE_CLONE,
  openTree,
  ST_RDONLY,
  statxIdentity,
  UMOUNT_NOFOLLOW,
  unmount,
} from "./mount-calls.ts";
import { parseMountinfo } from "./mountinfo.ts";

/** More mounts than this on one directory are a fault elsewhere that must be seen, not a job to do. */
const MAX_STACKED_MOUNTS = 256;

/** {@link Mounter} by system calls: no process, about 50 microseconds for a mount. */
export class LinuxMounter implements Mounter {
  bindReadOnly(source: string, target: string): void {
    try {
      attachReadOnlyCopy(source, target);
    } catch (error) {
      throw mountFailed("cannot mount the view", error);
    }
  }

  isMountPoint(path: string): boolean {
    return identity(path)?.isMountRoot ?? false;
  }

  isBindOf(target: string, source: string): boolean {
    const [shown, wanted] = [identity(target), identity(source)];
    if (shown === undefined || wanted === undefined || !shown.isMountRoot) return false;
    return isSameFile(shown, wanted) && isReadOnly(target);
  }

  unmountAll(target: string): void {
    let lastError: unknown;
    for (let count = 0; count < MAX_STACKED_MOUNTS; count++) {
      if (!this.isMountPoint(target)) return;
      lastError = unmountTop(target) ?? lastError;
    }
    if (this.isMountPoint(target)) throw mountFailed("the mount cannot be taken away", lastError);
  }

  list(): readonly MountEntry[] {
    return parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8"));
  }
}

/**
 * The flags are on the copy before anybody can see it. Being private, the copy
 * does not join the source's peer group; where the target is shared, attaching
 * it still reaches the target's peers, flags and all.
 */
function attachReadOnlyCopy(source: string, target: string): void {
  const fd = openTree(source, OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
  try {
    const set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    mountSetAttributes(fd, "", AT_EMPTY_PATH, { set, propagation: MS_PRIVATE });
    moveMount(fd, target);
  } finally {
    closeFd(fd);
  }
}

/** The error of the last resort, if that failed too; the caller looks at the outcome and not at this. */
function unmountTop(target: string): unknown {
  try {
    unmount(target, UMOUNT_NOFOLLOW);
    return undefined;
  } catch (error) {
    if (systemErrorCode(error) !== "EBUSY") return error;
  }
  try {
    unmount(target, UMOUNT_NOFOLLOW | MNT_DETACH);
    return undefined;
  } catch (error) {
    return error;
  }
}

function identity(path: string): FileIdentity | undefined {
  try {
    return statxIdentity(path);
  } catch (error) {
    throw mountFailed("cannot tell whether a directory is mounted", error);
  }
}

function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.deviceMajor === b.deviceMajor && a.deviceMinor === b.deviceMinor && a.inode === b.inode;
}

function isReadOnly(path: string): boolean {
  try {
    return (fileSystemFlags(path) & ST_RDONLY) !== 0;
  } catch (error) {
    throw mountFailed("cannot read the flags of a mount", error);
  }
}

function mountFailed(what: string, cause: unknown): NiphasError {
  const code = systemErrorCode(cause);
  const advice = code === "EPERM" ? "; it needs CAP_SYS_ADMIN in its mount namespace" : "";
  return new NiphasError("MountFailed", `${what}${code === undefined ? "" : ` (${code})`}${advice}`, { cause });
}
