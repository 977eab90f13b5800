import { type ByteString, fromLatin1, isAscii, type NarTree } from "@niphas/core";

/** Where the entries of a tree lie; fast when those of one directory come one after the other. */
export class EntryPaths {
  readonly #root: ByteString;
  readonly #tree: NarTree;
  #directory: number | undefined;
  #directoryPath = "";
  #isDirectoryAscii = true;

  constructor(root: ByteString, tree: NarTree) {
    this.#root = root;
    this.#tree = tree;
  }

  /** As Node.js's file system functions want it; see `toFsPath`. */
  pathOf(entry: number): string | Buffer {
    const parent = this.#tree.parentOf(entry);
    if (parent === undefined) this.#enter(undefined, this.#root);
    else if (parent !== this.#directory) {
      const below = this.#tree.pathOf(parent);
      this.#enter(parent, fromLatin1(below === "" ? this.#root : `${this.#root}/${below}`));
    }
    const name = parent === undefined ? fromLatin1("") : this.#tree.nameOf(entry);
    const path = parent === undefined ? this.#directoryPath : `${this.#directoryPath}/${name}`;
    return this.#isDirectoryAscii && isAscii(name) ? path : Buffer.from(path, "latin1");
  }

  #enter(directory: number | undefined, path: ByteString): void {
    this.#directory = directory;
    this.#directoryPath = path;
    this.#isDirectoryAscii = isAscii(path);
  }
}
