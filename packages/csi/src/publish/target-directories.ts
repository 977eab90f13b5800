import { closeSync, constants, lstatSync, mkdirSync, openSync, readlinkSync, rmdirSync } from "node:fs";
import { posix } from "node:path";
import { NiphasError, systemErrorCode } from "@niphas/core";

/** open(2)'s O_PATH, which Node.js does not name; the same on every Linux architecture that Node.js supports. */
const O_PATH = 0o10000000;
const PIN_FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const TARGET_MODE = 0o750;

/** A directory that is held open, so that nobody can swap it for another before it is mounted on. */
export interface PinnedDirectory {
  /** Leads to the held directory itself, whatever lies at its old path now. */
  readonly path: string;
  close(): void;
}

export interface TargetDirectoriesInit {
  readonly kubeletDir: string;
  /** `kubeletDir` with its links resolved: the administrator may have moved it. */
  readonly realKubeletDir: string;
}

/**
 * Makes, finds and removes the directories that volumes are mounted on. No component below the kubelet's directory may
 * be a symbolic link: the kernel itself is asked where an opened directory lies, so that no check can be raced.
 * Synchronous: a few system calls of microseconds on the warm path.
 */
export class TargetDirectories {
  readonly #init: TargetDirectoriesInit;

  constructor(init: TargetDirectoriesInit) {
    this.#init = init;
  }

  /** Whether the path lies where this class works: below the kubelet's directory. */
  covers(targetPath: string): boolean {
    return targetPath.startsWith(`${this.#init.kubeletDir}/`);
  }

  /** The target's path as the mount table writes it: with links resolved. */
  onMountTable(targetPath: string): string {
    const { kubeletDir, realKubeletDir } = this.#init;
    return this.covers(targetPath) ? realKubeletDir + targetPath.slice(kubeletDir.length) : targetPath;
  }

  /** The target that the mount table writes so; undefined when it lies outside the kubelet's directory. */
  fromMountTable(mountPoint: string): string | undefined {
    const { kubeletDir, realKubeletDir } = this.#init;
    return mountPoint.startsWith(`${realKubeletDir}/`)
      ? kubeletDir + mountPoint.slice(realKubeletDir.length)
      : undefined;
  }

  /**
   * Whether there is a directory at the target.
   * @throws NiphasError InvalidRequest when it, or what leads to it, is a link or not a directory
   */
  exists(targetPath: string): boolean {
    const pinned = this.#pin(targetPath, targetPath);
    (pinned ?? this.#pinParent(targetPath))?.close();
    return pinned !== undefined;
  }

  /** @throws NiphasError InvalidRequest as {@link exists}, and when the parent directory is missing */
  assertUsable(targetPath: string): void {
    const pinned = this.#pin(targetPath, targetPath) ?? this.#pinParent(targetPath);
    if (pinned === undefined) throw missingParent();
    pinned.close();
  }

  /**
   * Makes the directory unless it is there, and holds it. The caller closes it.
   * @throws NiphasError InvalidRequest as {@link assertUsable}
   */
  make(targetPath: string): PinnedDirectory {
    const parent = this.#pinParent(targetPath);
    if (parent === undefined) throw missingParent();
    try {
      const path = `${parent.path}/${posix.basename(targetPath)}`;
      makeUnlessThere(path);
      const pinned = this.#pin(path, targetPath);
      if (pinned === undefined) throw missingParent();
      return pinned;
    } finally {
      parent.close();
    }
  }

  /** Removes the directory if it is there. Never recursive. @throws NiphasError MountFailed when it is not empty */
  remove(targetPath: string): void {
    const parent = this.#pinParent(targetPath);
    if (parent === undefined) return;
    try {
      rmdirSync(`${parent.path}/${posix.basename(targetPath)}`);
    } catch (cause) {
      if (systemErrorCode(cause) === "ENOENT") return;
      const message = "the target directory could not be removed: something else was put into it or uses it";
      throw new NiphasError("MountFailed", message, { cause });
    } finally {
      parent.close();
    }
  }

  #pinParent(targetPath: string): PinnedDirectory | undefined {
    const parentPath = posix.dirname(targetPath);
    // The kubelet's own directory may be a link; everything below it may not.
    const path = parentPath === this.#init.kubeletDir ? this.#init.realKubeletDir : parentPath;
    return this.#pin(path, parentPath);
  }

  /** Opens `path` and proves that it is what the text `expected` says. Undefined when there is nothing. */
  #pin(path: string, expected: string): PinnedDirectory | undefined {
    const fd = openDirectory(path);
    if (fd === undefined) return undefined;
    const realPath = this.#init.realKubeletDir + expected.slice(this.#init.kubeletDir.length);
    if (readlinkSync(`/proc/self/fd/${fd}`) !== realPath) {
      closeSync(fd);
      throw notPlain();
    }
    // "/." makes the kernel follow the descriptor's link even where the last component is not followed.
    return { path: `/proc/self/fd/${fd}/.`, close: () => closeSync(fd) };
  }
}

function openDirectory(path: string): number | undefined {
  try {
    // On the warm path the target is not there yet, and an exception costs more than a system call.
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    return openSync(path, PIN_FLAGS);
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP" || code === "ENOTDIR" || code === "ENAMETOOLONG") throw notPlain(cause);
    throw cause;
  }
}

function makeUnlessThere(path: string): void {
  try {
    mkdirSync(path, { mode: TARGET_MODE });
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
}

function notPlain(cause?: unknown): NiphasError {
  const message = "target_path must be a directory that is reached without symbolic links";
  return new NiphasError("InvalidRequest", message, { cause });
}

function missingParent(): NiphasError {
  return new NiphasError("InvalidRequest", "target_path's parent directory does not exist: the kubelet must make it");
}
