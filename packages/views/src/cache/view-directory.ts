import { randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  utimesSync,
} from "node:fs";
import { mkdir, open, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseViewKey, type ViewKey } from "@niphas/core";
import { STORE_MTIME_SECONDS } from "../tree/link-tree.ts";
import { workerFile } from "../workers/worker-files.ts";
import { runWorkers } from "../workers/worker-group.ts";
import { formatViewRecord, parseViewRecord, type ViewRecord } from "./view-record.ts";

const RECORD_NAME = "view.json";
const TEMPORARY_PREFIX = ".tmp-";

/** A view that was found on the disk. */
export interface StoredView {
  readonly key: ViewKey;
  /** Undefined when the view cannot be used: no readable record, or one of another version. */
  readonly record: ViewRecord | undefined;
  readonly lastUsedAtMs: number;
}

/**
 * The directory of all views, `<key>/{view.json,root,…}`. A view is built under a
 * temporary name and appears whole, by rename; it leaves the same way.
 */
export class ViewDirectory {
  #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Makes the directory if need be. From then on paths are without symbolic links, as mountinfo shows them. */
  open(): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    this.#path = realpathSync(this.#path);
  }

  viewDir(key: ViewKey): string {
    return join(this.#path, key);
  }

  rootDir(key: ViewKey): string {
    return join(this.#path, key, "root");
  }

  /** Whether anything has the view's name, usable or not. */
  has(key: ViewKey): boolean {
    return existsSync(this.viewDir(key));
  }

  /**
   * Whether the view's root is there and, of a tree, whether nothing has been put into it or taken away since: its time
   * is that of every directory of the store until then. One system call, which says nothing of what lies deeper.
   */
  isWhole({ key, strategy }: Pick<ViewRecord, "key" | "strategy">): boolean {
    const root = lstatSync(this.rootDir(key), { throwIfNoEntry: false });
    return root !== undefined && (strategy !== "tree" || root.mtimeMs === STORE_MTIME_SECONDS * 1000);
  }

  /** Finished and unusable views. */
  views(): readonly StoredView[] {
    const keys = readdirSync(this.#path).map(parseViewKey);
    return keys.filter((key) => key !== undefined).map((key) => this.#readView(key));
  }

  /** What crashed builds and removals have left. */
  leftovers(): readonly string[] {
    const names = readdirSync(this.#path).filter((name) => name.startsWith(TEMPORARY_PREFIX));
    return names.map((name) => join(this.#path, name));
  }

  async makeTemporary(): Promise<string> {
    const directory = this.#temporaryPath();
    await mkdir(directory);
    return directory;
  }

  /**
   * Gives the finished view in `temporaryDir` its name, which must be free. It survives a power cut from here on.
   * When this fails the view may have its name already.
   */
  async commit(temporaryDir: string, record: ViewRecord): Promise<void> {
    await this.#writeRecord(temporaryDir, record);
    await rename(temporaryDir, this.viewDir(record.key));
    await syncPath(this.#path);
  }

  /** Writes the record of a view that is there already. */
  async update(record: ViewRecord): Promise<void> {
    await this.#writeRecord(this.viewDir(record.key), record);
  }

  /** The time of the record is the time of last use. */
  noteUse(key: ViewKey, atMs: number): void {
    utimesSync(join(this.viewDir(key), RECORD_NAME), atMs / 1000, atMs / 1000);
  }

  /** From now on there is no such view; its files are at the path that this returns, for {@link erase}. */
  retire(key: ViewKey): string {
    const directory = this.#temporaryPath();
    if (this.has(key)) renameSync(this.viewDir(key), directory);
    return directory;
  }

  /** Deletes in a worker: a tree can have hundreds of thousands of links. Nothing may be mounted below. */
  async erase(directory: string): Promise<void> {
    // It cannot be cut off: half of a deletion would have to be done again.
    const signal = new AbortController().signal;
    await runWorkers({ file: workerFile("erase-worker"), count: 1, workerData: directory }, signal);
  }

  /**
   * Flushing the record flushes the file system's journal, and with it every
   * directory and link that was made before; what has bytes of its own was flushed by its maker.
   */
  async #writeRecord(viewDir: string, record: ViewRecord): Promise<void> {
    const temporary = join(viewDir, `${RECORD_NAME}.new`);
    await writeFile(temporary, formatViewRecord(record), { flush: true });
    await rename(temporary, join(viewDir, RECORD_NAME));
    await syncPath(viewDir);
  }

  #readView(key: ViewKey): StoredView {
    try {
      const file = join(this.viewDir(key), RECORD_NAME);
      const record = parseViewRecord(readFileSync(file, "utf8"));
      const isUsable = record?.key === key && this.isWhole(record);
      return { key, record: isUsable ? record : undefined, lastUsedAtMs: lstatSync(file).mtimeMs };
    } catch {
      // Without a record the build did not end; the caller removes it.
      return { key, record: undefined, lastUsedAtMs: 0 };
    }
  }

  #temporaryPath(): string {
    return join(this.#path, TEMPORARY_PREFIX + randomBytes(8).toString("hex"));
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
