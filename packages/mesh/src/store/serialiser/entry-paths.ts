import { type ByteString, fromLatin1, type NarTree } from "@niphas/core";

/** Where the entries of a tree lie; fast when those of one directory come one after the other. */
export class EntryPaths {
  readonly #root: ByteString;
  readonly #tree: NarTree;
  #directory: number | undefined;
  #directoryPath = "";

  constructor(root: ByteString, tree: NarTree) {
    this.#root = root;
    this.#tree = tree;
  }

  pathOf(entry: number): ByteString {
    const parent = this.#tree.parentOf(entry);
    if (parent === undefined) return this.#root;
    if (parent !== this.#directory) {
      const below = this.#tree.pathOf(parent);
      this.#directory = parent;
      this.#directoryPath = below === "" ? this.#root : `${this.#root}/${below}`;
    }
    return fromLatin1(`${this.#directoryPath}/${this.#tree.nameOf(entry)}`);
  }
}
