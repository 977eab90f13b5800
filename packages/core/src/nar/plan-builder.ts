import { NiphasError } from "../errors.ts";
import type { ByteString } from "./byte-string.ts";
import { isEntryName, isLinkTarget, MAX_DEPTH } from "./grammar.ts";
import { NarPlanDraft } from "./plan-draft.ts";
import { allocateTables, ENTRY_KIND, type EntryKind, NO_ENTRY } from "./plan-tables.ts";

const MAX_TEXT_BYTES = 2 ** 32 - 1;

interface OpenDirectory {
  readonly entry: number;
  lastName: string;
}

/**
 * Takes a tree as a walk finds it: the root first (its name is empty), each directory's entries in the order of their
 * names' bytes, {@link leaveDirectory} after them.
 * Every method throws NiphasError BadBytes for what no NAR can hold: such names, targets, depth.
 */
export class NarPlanBuilder {
  readonly #sizes: number[] = [];
  readonly #parents: number[] = [];
  readonly #textStarts: number[] = [];
  readonly #nameLengths: number[] = [];
  readonly #kinds: EntryKind[] = [];
  readonly #text: ByteString[] = [];
  readonly #open: OpenDirectory[] = [];
  #textBytes = 0;

  /** Its size comes later, by {@link NarPlanDraft.measure}. */
  file(name: ByteString): void {
    this.#add(ENTRY_KIND.file, name);
    this.#sizes[this.#sizes.length - 1] = Number.NaN;
  }

  symlink(name: ByteString, target: ByteString): void {
    if (!isLinkTarget(target)) throw unfit("a symbolic link is empty, too long or holds a zero byte");
    this.#add(ENTRY_KIND.symlink, name);
    this.#addText(target);
  }

  enterDirectory(name: ByteString): void {
    if (this.#open.length === MAX_DEPTH) throw unfit(`directories are more than ${MAX_DEPTH} deep`);
    this.#add(ENTRY_KIND.directory, name);
    this.#open.push({ entry: this.#kinds.length - 1, lastName: "" });
  }

  leaveDirectory(): void {
    if (this.#open.pop() === undefined) throw unfit("a directory ends that has not begun");
  }

  /** The tree when it is complete, its files not measured. */
  draft(): NarPlanDraft {
    if (this.#kinds.length === 0 || this.#open.length > 0) throw unfit("the tree is not complete");
    const tables = allocateTables(this.#kinds.length, this.#textBytes);
    tables.sizes.set(this.#sizes);
    tables.parents.set(this.#parents);
    tables.textStarts.set(this.#textStarts);
    tables.textStarts[tables.count] = this.#textBytes;
    tables.nameLengths.set(this.#nameLengths);
    tables.kinds.set(this.#kinds);
    let at = 0;
    for (const text of this.#text) at += tables.text.write(text, at, "latin1");
    return new NarPlanDraft(tables.buffer);
  }

  #add(kind: EntryKind, name: ByteString): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#assertRoot(name);
    else assertNext(parent, name);
    this.#parents.push(parent?.entry ?? NO_ENTRY);
    this.#sizes.push(0);
    this.#kinds.push(kind);
    this.#nameLengths.push(name.length);
    this.#textStarts.push(this.#textBytes);
    if (name !== "") this.#addText(name);
  }

  #addText(text: ByteString): void {
    this.#textBytes += text.length;
    if (this.#textBytes > MAX_TEXT_BYTES) throw unfit("the tree's names are too many");
    this.#text.push(text);
  }

  #assertRoot(name: ByteString): void {
    if (this.#kinds.length > 0) throw unfit("a tree has one root");
    if (name !== "") throw unfit("the root has no name");
  }
}

function assertNext(parent: OpenDirectory, name: ByteString): void {
  if (!isEntryName(name)) throw unfit("a directory has an entry whose name no NAR can hold");
  if (name <= parent.lastName) throw unfit("the entries of a directory are not in order");
  parent.lastName = name;
}

function unfit(reason: string): NiphasError {
  return new NiphasError("BadBytes", `this tree has no NAR: ${reason}`);
}
