import { mkdirSync, rmdirSync } from "node:fs";
import { NiphasError, systemErrorCode } from "@niphas/core";
import {
  AT_FDCWD,
  AT_RECURSIVE,
  AT_SYMLINK_NOFOLLOW,
  MNT_DETACH,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_BIND,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_REC,
  mount,
  mountSetAttributes,
  pivotRoot,
  unmount,
} from "./mount-calls.ts";
import {
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAPBSET_DROP,
  PR_CAPBSET_READ,
  PR_SET_NO_NEW_PRIVS,
  PR_SET_PDEATHSIG,
  prctl,
  setCapabilities,
} from "./process-calls.ts";

/**
 * What a process needs to build its own root inside a private mount namespace,
 * as `niphas run` does. All of it changes the calling process for good.
 * Every function throws NiphasError MountFailed.
 */

/** Nothing that is mounted here from now on is seen outside, nor the reverse. */
export function isolateMounts(): void {
  attempt("make the mounts private", () => mount("none", "/", null, MS_REC | MS_PRIVATE, null));
}

export interface BindOptions {
  /** Also what is mounted below `source`. @default false */
  readonly isRecursive?: boolean;
  /** Sets `ro,nosuid,nodev` and leaves the source's other flags, which may be locked in a user namespace. @default true */
  readonly isReadOnly?: boolean;
}

/** Mounts a directory on a directory or a file on a file. */
export function bindMount(source: string, target: string, options: BindOptions = {}): void {
  attempt(`mount ${target}`, () => {
    mount(source, target, null, MS_BIND | (options.isRecursive ? MS_REC : 0), null);
    if (options.isReadOnly ?? true) makeReadOnly(target, options.isRecursive ?? false);
  });
}

/** Sets `ro,nosuid,nodev` on the mount at `target` and, when asked, on all below it in the same call. */
export function makeReadOnly(target: string, isRecursive: boolean): void {
  const flags = AT_SYMLINK_NOFOLLOW | (isRecursive ? AT_RECURSIVE : 0);
  const set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  attempt(`make ${target} read-only`, () => mountSetAttributes(AT_FDCWD, target, flags, { set }));
}

/** Mounts an empty writable file system in memory. `mode` in octal, such as 0o755; the size is the kernel's default, half of memory. */
export function mountTmpfs(target: string, mode: number): void {
  const data = `mode=${mode.toString(8)}`;
  attempt(`mount ${target}`, () => mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, data));
}

/** Needs to be called inside the PID namespace that the mount shall show. */
export function mountProc(target: string): void {
  attempt(`mount ${target}`, () => mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, null));
}

/** Mounts terminals of its own; `data` as for devpts in mount(8). */
export function mountTerminals(target: string, data: string): void {
  attempt(`mount ${target}`, () => mount("devpts", target, "devpts", MS_NOSUID | MS_NOEXEC, data));
}

/** Makes `newRoot`, a mount point, the root of this mount namespace, lets go of the old one and goes to `/`. */
export function changeRoot(newRoot: string): void {
  const oldRoot = `${newRoot}/.old-root`;
  attempt("change the root directory", () => {
    mkdirSync(oldRoot, { recursive: true });
    pivotRoot(newRoot, oldRoot);
    process.chdir("/");
    unmount("/.old-root", MNT_DETACH);
    rmdirSync("/.old-root");
  });
}

/**
 * This thread keeps no capability but `kept` (numbers of linux/capability.h), and no program that it starts can gain
 * others: empties the bounding set but for them, the inheritable ones, which `unshare --keep-caps` fills, and the ambient
 * ones, and sets no_new_privs. Credentials belong to a thread; programs started from the main thread inherit the main
 * thread's. Needs CAP_SETPCAP.
 */
export function dropPrivileges(kept: readonly number[] = []): void {
  attempt("drop capabilities", () => {
    for (let capability = 0; hasCapability(capability); capability++) {
      if (!kept.includes(capability)) prctl(PR_CAPBSET_DROP, capability);
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
    setCapabilities(kept);
  });
  attempt("set no_new_privs", () => prctl(PR_SET_NO_NEW_PRIVS, 1));
}

/** Has the kernel send `signal` to this process, and the program that it becomes, when its parent dies. */
export function setParentDeathSignal(signal: number): void {
  attempt("watch the parent", () => prctl(PR_SET_PDEATHSIG, signal));
}

/** False past the kernel's last capability. */
function hasCapability(capability: number): boolean {
  try {
    prctl(PR_CAPBSET_READ, capability);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "EINVAL") return false;
    throw error;
  }
}

function attempt(what: string, action: () => void): void {
  try {
    action();
  } catch (cause) {
    const code = systemErrorCode(cause);
    throw new NiphasError("MountFailed", `cannot ${what}${code === undefined ? "" : ` (${code})`}`, { cause });
  }
}
