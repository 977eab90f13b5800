import {
  chmodSync,
  closeSync,
  copyFileSync,
  type Dirent,
  constants as fsConstants,
  fsyncSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { constants } from "node:os";
import { toFsPath } from "@niphas/core";
import { SystemError } from "../linux/system-error.ts";
import type { BytePath } from "../workers/byte-path.ts";

/** Nix gives everything in the store this time. libstore/posix-fs-canonicalise.cc */
export const STORE_MTIME_SECONDS = 1;
export const STORE_DIRECTORY_MODE = 0o555;

/** What both Dirent and Stats know. */
type FileType = Pick<Dirent, "isDirectory" | "isFile" | "isSymbolicLink">;

/**
 * Makes trees of hard links, synchronously; belongs in a worker thread. A
 * file that has as many links as its file system allows is copied once, and the copy is
 * linked from then on. Throws system errors; EOPNOTSUPP for a file of a kind that no store path has.
 */
export class LinkTree {
  /** `device:inode` of a file with too many links, and its latest copy. */
  readonly #copies = new Map<string, BytePath>();
  /** Root can fill a directory that is read-only from the start, which saves one call for each. */
  readonly #firstMode = process.geteuid?.() === 0 ? STORE_DIRECTORY_MODE : 0o755;
  /** Whether directories come out with the store's mode; found out with the first, because the umask has its say. */
  #isModeRight: boolean | undefined;

  /** Makes `target` show `source`, whatever that is: a directory, a file or a symbolic link. */
  add(source: BytePath, target: BytePath): void {
    this.#add(lstatSync(toFsPath(source)), source, target);
  }

  #add(type: FileType, source: BytePath, target: BytePath): void {
    if (type.isDirectory()) this.#addDirectory(source, target);
    else if (type.isFile() || type.isSymbolicLink()) this.#addFile(source, target);
    else throw new SystemError("link", constants.errno.EOPNOTSUPP);
  }

  #addDirectory(source: BytePath, target: BytePath): void {
    const path = toFsPath(target);
    mkdirSync(path, this.#firstMode);
    for (const entry of readDirectory(source)) {
      this.#add(entry, `${source}/${entry.name}`, `${target}/${entry.name}`);
    }
    this.#isModeRight ??= (lstatSync(path).mode & 0o7777) === STORE_DIRECTORY_MODE;
    if (!this.#isModeRight) chmodSync(path, STORE_DIRECTORY_MODE);
    utimesSync(path, STORE_MTIME_SECONDS, STORE_MTIME_SECONDS);
  }

  #addFile(source: BytePath, target: BytePath): void {
    if (this.#copies.size > 0 && this.#linkCopy(source, target)) return;
    try {
      linkSync(toFsPath(source), toFsPath(target));
    } catch (error) {
      if (!isTooManyLinks(error)) throw error;
      this.#copy(source, target);
    }
  }

  /** Whether the file is one of those that had to be copied and its copy can take one more link. */
  #linkCopy(source: BytePath, target: BytePath): boolean {
    const copy = this.#copies.get(identity(source));
    if (copy === undefined) return false;
    try {
      linkSync(toFsPath(copy), toFsPath(target));
    } catch (error) {
      if (!isTooManyLinks(error)) throw error;
      this.#copy(source, target);
    }
    return true;
  }

  #copy(source: BytePath, target: BytePath): void {
    const [from, to] = [toFsPath(source), toFsPath(target)];
    if (lstatSync(from).isSymbolicLink()) symlinkSync(readlinkSync(from, "buffer"), to);
    else copyDurably(from, to);
    lutimesSync(to, STORE_MTIME_SECONDS, STORE_MTIME_SECONDS);
    this.#copies.set(identity(source), target);
  }
}

/** A link is as durable as the directory it is in; a copy has bytes of its own that a power cut could take. */
function copyDurably(from: string | Buffer, to: string | Buffer): void {
  copyFileSync(from, to, fsConstants.COPYFILE_EXCL | fsConstants.COPYFILE_FICLONE);
  const fd = openSync(to, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function isTooManyLinks(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EMLINK";
}

function identity(path: BytePath): string {
  const { dev, ino } = lstatSync(toFsPath(path), { bigint: true });
  return `${dev}:${ino}`;
}

function readDirectory(path: BytePath): Dirent[] {
  return readdirSync(toFsPath(path), { withFileTypes: true, encoding: "latin1" });
}
