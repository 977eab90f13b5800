import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { constants } from "node:os";
import { SystemError } from "../linux/system-error.ts";
import { type BytePath, toFsPath } from "../workers/byte-path.ts";
import { directoryLine, escapeDumpField, fileLine, symlinkLine } from "./dump-lines.ts";

/** Large enough that sending costs nothing, small enough that the image maker starts at once. */
const CHUNK_CHARACTERS = 64 * 1024;

export interface DumpWalkInit {
  /** The directory that holds the store paths, and that the image's mount reads bytes from. */
  readonly sourceDir: BytePath;
  /** Where the store paths are in the image: empty or `store`. */
  readonly imageDir: string;
  /** Takes whole lines, synchronously. */
  readonly emit: (text: string) => void;
}

/**
 * Walks store paths, synchronously, and writes what it finds as lines of a composefs dump. Belongs in a worker thread.
 * Throws system errors; EOPNOTSUPP for a file of a kind that no store path has.
 */
export class DumpWalk {
  readonly #init: DumpWalkInit;
  readonly #imagePrefix: string;
  #text = "";

  constructor(init: DumpWalkInit) {
    this.#init = init;
    this.#imagePrefix = init.imageDir === "" ? "" : `${init.imageDir}/`;
  }

  /** A whole store path: a directory, a file or a symbolic link. */
  add(baseName: string): void {
    const path = `${this.#init.sourceDir}/${baseName}`;
    const stats = lstatSync(toFsPath(path));
    if (stats.isDirectory()) this.#addDirectory(path, baseName);
    else if (stats.isSymbolicLink()) this.#addSymlink(path, baseName);
    else this.#addFile(stats, baseName);
  }

  /** Sends what is left. */
  end(): void {
    if (this.#text !== "") this.#init.emit(this.#text);
    this.#text = "";
  }

  #addDirectory(path: BytePath, name: string): void {
    const entries = readdirSync(toFsPath(path), { withFileTypes: true, encoding: "latin1" });
    let subdirectoryCount = 0;
    for (const entry of entries) if (entry.isDirectory()) subdirectoryCount++;
    this.#write(directoryLine(this.#imagePrefix + name, subdirectoryCount));
    for (const entry of entries) {
      const entryPath = `${path}/${entry.name}`;
      const entryName = `${name}/${escapeDumpField(entry.name)}`;
      if (entry.isDirectory()) this.#addDirectory(entryPath, entryName);
      else if (entry.isSymbolicLink()) this.#addSymlink(entryPath, entryName);
      else this.#addFile(lstatSync(toFsPath(entryPath)), entryName);
    }
  }

  #addFile(stats: Stats, name: string): void {
    if (!stats.isFile()) throw new SystemError("open", constants.errno.EOPNOTSUPP);
    this.#write(fileLine(this.#imagePrefix + name, stats.size, stats.mode, name));
  }

  #addSymlink(path: BytePath, name: string): void {
    this.#write(symlinkLine(this.#imagePrefix + name, readlinkSync(toFsPath(path), "latin1")));
  }

  #write(line: string): void {
    this.#text += line;
    if (this.#text.length >= CHUNK_CHARACTERS) this.end();
  }
}
